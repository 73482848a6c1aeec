// ProcessReader: what /proc tells of one process. Files are opened once and read again by pread, so a pid that was
// given to another process in the meantime cannot be mistaken for this one. Reads fail softly once the process is gone.
#pragma once
#include <sys/types.h>

#include <array>
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

  // RSS, swap, threads, faults, CPU: some ten microseconds. False when the process is gone or a zombie.
  bool read_basics(Sample& sample);
  // PSS and its neighbours (the kernel walks every page) and the number of mappings. Left empty when not permitted.
  void read_details(Sample& sample);
  void read_shares(Sample& sample);  // PSS and its neighbours alone
  // Processes whose parent is this one.
  std::vector<pid_t> read_children() const;

 private:
  std::string_view read_again(const File& file);
  bool read_stat(Sample& sample);
  bool read_status(Sample& sample);

  pid_t pid_;
  pid_t parent_pid_ = 0;
  std::string name_;
  File stat_;
  File status_;
  File rollup_;
  File maps_;
  std::array<char, 8192> buffer_;
};

}  // namespace neap
