#include "tool/inspect/stopped.h"

#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "tool/model/failure.h"

namespace neap {

Stopped::Stopped(pid_t pid) : begin_(std::chrono::steady_clock::now()) {
  try {
    hold(pid);
  } catch (...) {
    release();
    throw;
  }
}

Stopped::~Stopped() { release(); }

Seconds Stopped::so_far() const {
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count()};
}

// Holds all threads. Threads not yet held may have started others, so it looks again until there is nothing new.
void Stopped::hold(pid_t pid) {
  for (bool fresh = true; fresh;) {
    fresh = false;
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), gone)) {
      const auto thread = static_cast<pid_t>(std::strtol(entry.path().filename().c_str(), nullptr, 10));
      if (threads_.contains(thread)) continue;
      if (::ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) {
        if (errno == ESRCH) continue;
        throw Failure(
            fmt::format("process {} cannot be stopped: {} (a debugger or strace may hold it; without --stop "
                        "it is read as it runs)",
                        pid, std::strerror(errno)));
      }
      threads_.insert(thread);
      fresh = true;
      if (::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) == 0) ::waitpid(thread, nullptr, __WALL);
    }
  }
}

void Stopped::release() {
  for (const pid_t thread : threads_) ::ptrace(PTRACE_DETACH, thread, nullptr, nullptr);
  threads_.clear();
}

}  // namespace neap
