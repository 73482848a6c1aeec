// A child process under measurement: started with a given environment, waited for with its resource usage.
// One at a time per Child; the caller keeps SIGCHLD blocked or not as it likes.
#pragma once
#include <sys/resource.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "tool/model/units.h"

namespace neap {

struct ChildOptions {
  std::optional<std::string> output_file;  // stdout goes there instead; used to keep repeated runs quiet
  std::optional<std::string> input_file;   // stdin comes from there instead
  bool new_process_group = false;
};

struct ChildEnd {
  int exit_code = 0;  // as a shell would say it: 128+N for signal N
  rusage usage{};
};

// The environment of this process, NAME=value each.
std::vector<std::string> own_environment();

// Starts `file` with `arguments` (its own name first). Returns its pid once exec succeeded; throws Failure 126 or 127
// otherwise. Signals that neap blocks are unblocked in the child, ignored ones stay as they were. `inherited_peak`
// becomes what the kernel will count at least as the child's highest RSS: that of the copy of neap that it began as.
pid_t start_child(const std::string& file, const std::vector<std::string>& arguments,
                  const std::vector<std::string>& environment, const ChildOptions& options = {},
                  Bytes* inherited_peak = nullptr);

// Waits for the child's end; with `hang` false returns empty while it still runs.
std::optional<ChildEnd> wait_child(pid_t pid, bool hang = true);

// Replaces this process. Returns only by throwing Failure 126 or 127.
[[noreturn]] void exec_program(const std::string& file, const std::vector<std::string>& arguments,
                               const std::vector<std::string>& environment);

}  // namespace neap
