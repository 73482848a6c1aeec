#include "tool/change/lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "tool/change/durable.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

constexpr auto between_tries = std::chrono::milliseconds(50);

// Whoever holds it wrote its pid; on a full disk the file stays empty, and the message does without.
std::string holder(int file) {
  char text[32];
  const ssize_t got = ::pread(file, text, sizeof text, 0);
  return got > 0 ? fmt::format(" (pid {})", std::string(text, static_cast<std::size_t>(got))) : std::string();
}

// Writes our pid for the message of the next one, which can do without it.
void sign(int file) {
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(file, 0) == 0) (void)!::pwrite(file, pid.data(), pid.size(), 0);
}

// The kernel's own wait has no time limit, so this asks again and again.
bool wait_for(int file, Seconds patience) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(patience.count);
  for (bool told = false; ::flock(file, LOCK_EX | LOCK_NB) != 0; told = true) {
    if (Clock::now() >= end) return false;
    if (!told) fmt::print(stderr, "neap: waiting for another neap{} that changes this system\n", holder(file));
    std::this_thread::sleep_for(between_tries);
  }
  return true;
}

}  // namespace

Lock::Lock(const std::string& folder, Seconds patience) {
  const std::string path = folder + "/lock";
  for (const std::string& missing : missing_folders(path)) make_folder_durably(missing);
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (file_ < 0) {
    const std::string line = fmt::format("cannot open {}: {}", path, std::strerror(errno));
    if (errno == EACCES || errno == EROFS) throw UsageFailure(line + "; run it as root on a writable file system");
    throw Failure(line);
  }
  if (!wait_for(file_, patience)) {
    const std::string who = holder(file_);
    ::close(file_);
    throw Failure(fmt::format("another neap{} is changing this system; try again when it is done", who));
  }
  sign(file_);
}

Lock::~Lock() { ::close(file_); }

}  // namespace neap
