#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tool/model/failure.h"
#include "tool/trace/collector.h"

namespace neap {

Channel::Channel() : file_(::memfd_create("neap-trace-channel", MFD_CLOEXEC)), base_(nullptr) {
  if (file_ < 0 || ::ftruncate(file_, trace::kChannelBytes) != 0)
    throw Failure(fmt::format("cannot make the channel to the program: {}", std::strerror(errno)));
  base_ = ::mmap(nullptr, trace::kChannelBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file_, 0);
  if (base_ == MAP_FAILED) throw Failure(fmt::format("cannot map the channel: {}", std::strerror(errno)));
  head().magic = trace::kChannelMagic;
}

Channel::~Channel() {
  ::munmap(base_, trace::kChannelBytes);
  ::close(file_);
}

std::string Channel::path() const { return fmt::format("/proc/{}/fd/{}", ::getpid(), file_); }

}  // namespace neap
