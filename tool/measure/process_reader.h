// ProcessReader: what /proc tells of one process. Its folder is opened once, so a pid that was given to another process
// in the meantime cannot be mistaken for this one. What tells of the memory is opened anew for each reading: an open
// file stays with the memory of the program that ran then, and after an exec that is another one. Reads fail softly
// once the process is gone.
#pragma once
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tool/model/sample.h"

namespace neap {

// A file descriptor that closes itself.
class File {
 public:
  File() = default;
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(File&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  File& operator=(File&& other) noexcept;
  ~File();
  int get() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

class ProcessReader {
 public:
  explicit ProcessReader(pid_t pid);

  pid_t pid() const { return pid_; }
  pid_t parent_pid() const { return parent_pid_; }
  const std::string& name() const { return name_; }
  std::uint64_t start_tick() const { return start_tick_; }  // ticks from the boot to its start

  // Name, parent and start alone. False when the process is gone or a zombie.
  bool read_identity();

  // RSS, swap, threads, faults, CPU: some ten microseconds. False when the process is gone or a zombie.
  bool read_basics(Sample& sample);
  // The part of RSS that no file stands behind, by the kernel's cheap count.
  std::optional<Bytes> read_anonymous();
  // PSS and its neighbours (the kernel walks every page) and the number of mappings. Left empty when not permitted.
  void read_details(Sample& sample);
  void read_shares(Sample& sample);  // PSS and its neighbours alone
  // Processes whose parent is this one; of a process with one thread it is enough to ask that.
  std::vector<pid_t> read_children(bool every_thread);

 private:
  File opened(const char* name) const;
  std::string_view read_start(const File& file);
  void add_children(const char* thread, std::vector<pid_t>& children);
  bool read_stat(Sample& sample);
  bool read_status(Sample& sample);

  pid_t pid_;
  pid_t parent_pid_ = 0;
  std::string name_;
  std::uint64_t start_tick_ = 0;
  File folder_;
  File stat_;
  File status_;
  std::array<char, 8192> buffer_;
};

}  // namespace neap
