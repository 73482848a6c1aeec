// LiveProcess: the memory of a running process, read by process_vm_readv and /proc/PID/pagemap, which needs the rights
// of ptrace. Nothing in it is changed, and it does not stop. Throws Failure that says what is missing and what to type.
#pragma once
#include <sys/types.h>

#include "tool/inspect/address_space.h"

namespace neap {

class LiveProcess : public AddressSpace {
 public:
  explicit LiveProcess(pid_t pid);
  LiveProcess(const LiveProcess&) = delete;
  LiveProcess& operator=(const LiveProcess&) = delete;
  ~LiveProcess() override;

  pid_t pid() const { return pid_; }
  void set_still(bool still) { still_ = still; }  // by whoever has stopped it (stopped.h)
  // Reads the mappings anew: those of a moment ago may be gone.
  void refresh();

  bool read(std::uint64_t address, void* to, std::size_t size) override;
  void read_pages(std::uint64_t first, std::span<std::uint8_t> states) override;

 private:
  bool may_be_read();

  pid_t pid_;
  int pagemap_ = -1;
};

}  // namespace neap
