#include "tool/files/at_path.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "format/trace.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

constexpr char sqlite_magic[] = "SQLite format 3";  // 16 bytes with its zero
constexpr std::size_t application_id_at = 68;       // big-endian, in SQLite's header of 100 bytes

FileKind kind_of_head(const std::array<unsigned char, 100>& head, std::size_t size) {
  if (size == 0) return FileKind::none;
  if (std::memcmp(head.data(), trace::kFileMagic, sizeof trace::kFileMagic) == 0) return FileKind::trace;
  if (std::memcmp(head.data(), sqlite_magic, sizeof sqlite_magic) != 0) return FileKind::other;
  std::int64_t id = 0;
  for (std::size_t at = 0; at < 4; ++at) id = id << 8 | head[application_id_at + at];
  if (id == recording_application_id) return FileKind::recording;
  return id == experiment_application_id ? FileKind::experiment : FileKind::other;
}

}  // namespace

FileKind kind_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return FileKind::none;
  if (S_ISDIR(status.st_mode)) throw UsageFailure(fmt::format("'{}' is a folder; give the name of a file", path));
  if (!S_ISREG(status.st_mode)) return FileKind::device;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw UsageFailure(fmt::format("cannot read '{}': {}", path, std::strerror(errno)));
  std::array<unsigned char, 100> head{};
  const ssize_t got = ::pread(file, head.data(), head.size(), 0);
  ::close(file);
  return kind_of_head(head, got > 0 ? static_cast<std::size_t>(got) : 0);
}

bool is_same_file(const std::string& a, const std::string& b) {
  struct stat one {
  }, other{};
  return ::stat(a.c_str(), &one) == 0 && ::stat(b.c_str(), &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

WriterLock::WriterLock(const std::string& path) : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (file_ >= 0) ::flock(file_, LOCK_EX | LOCK_NB);
}

WriterLock::~WriterLock() {
  if (file_ >= 0) ::close(file_);
}

bool is_being_written(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return false;
  const bool locked = ::flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(file);
  return locked;
}

}  // namespace neap
