#include "tool/files/target.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "tool/model/failure.h"
#include "tool/model/text.h"

namespace neap {
namespace {

namespace fs = std::filesystem;

std::string followed(const std::string& path) {
  std::error_code error;
  const fs::path whole = fs::canonical(path, error);
  return error ? path : whole.string();
}

std::string beside(const std::string& path) {
  const fs::path whole(path);
  return (whole.parent_path() / fmt::format(".{}.neap-{}", whole.filename().string(), ::getpid())).string();
}

Failure cannot_write(const std::string& path, int error) {
  return Failure(fmt::format("cannot write '{}': {}", path, std::strerror(error)));
}

// Makes a file in the folder, to see whether one can be made: only the system knows all of rights, quotas and mounts.
void check_folder(const std::string& path) {
  const std::string probe = beside(followed(path));
  const int file = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) throw UsageFailure(cannot_write(path, errno).what());
  ::close(file);
  ::unlink(probe.c_str());
}

// The new file gets the rights of the file that it replaces.
void keep_rights_of(const std::string& target, const std::string& unfinished) {
  struct stat status {};
  if (::stat(target.c_str(), &status) != 0) return;
  ::chmod(unfinished.c_str(), status.st_mode & 07777);
  if (::chown(unfinished.c_str(), status.st_uid, status.st_gid) != 0) return;  // somebody else's file in our folder
}

void write_all(const std::string& path, const std::string& shown, const std::string& content) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) throw cannot_write(shown, errno);
  std::size_t done = 0;
  int error = 0;
  while (done < content.size() && error == 0) {
    const ssize_t wrote = ::write(file, content.data() + done, content.size() - done);
    if (wrote < 0 && errno != EINTR) error = errno;
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
  }
  if (::close(file) != 0 && error == 0) error = errno;
  if (error != 0) throw cannot_write(shown, error);
}

}  // namespace

void check_target(const std::string& path, const TargetRules& rules) {
  for (const std::string& input : rules.inputs)
    if (is_same_file(path, input))
      throw UsageFailure(fmt::format("'{}' is what this command reads; choose another name to write to", path));
  const FileKind found = kind_of(path);
  const FileKindRow* here = find_kind(found);
  const FileKindRow* wanted = find_kind(rules.kind);
  if (here != nullptr && here != wanted)
    throw UsageFailure(fmt::format("'{}' is {} of neap and would be lost; choose another name", path, here->article));
  if (wanted != nullptr && found == FileKind::other)
    throw UsageFailure(fmt::format("'{}' exists and is no {}; choose another -o", path, wanted->name));
  if (here != nullptr && !rules.replace)
    throw UsageFailure(fmt::format("'{}' exists; choose another -o, or --force to replace it", path));
  if (found == FileKind::device) return;
  if (is_being_written(path))
    throw UsageFailure(fmt::format("'{}' is being written by another neap; choose another name", path));
  check_folder(path);
}

NewFile::NewFile(const std::string& path, const TargetRules& rules) {
  check_target(path, rules);
  target_ = followed(path);
  const FileKind found = kind_of(target_);
  published_ = found == FileKind::device;
  unfinished_ = published_ ? target_ : beside(target_);
  std::error_code ignored;
  replace_ = rules.replace || (found == FileKind::none && fs::exists(target_, ignored));  // an empty file loses nothing
}

NewFile::~NewFile() {
  if (!published_) ::unlink(unfinished_.c_str());
}

void NewFile::publish() {
  if (published_) return;
  if (replace_) keep_rights_of(target_, unfinished_);
  const unsigned flags = replace_ ? 0 : RENAME_NOREPLACE;
  int result = ::renameat2(AT_FDCWD, unfinished_.c_str(), AT_FDCWD, target_.c_str(), flags);
  if (result != 0 && errno == EINVAL) result = ::rename(unfinished_.c_str(), target_.c_str());  // NFS knows no flags
  if (result != 0) throw cannot_write(target_, errno);
  published_ = true;
}

void write_file(const std::string& path, const std::string& content, const TargetRules& rules) {
  if (path == "-") {
    fmt::print("{}", ::isatty(STDOUT_FILENO) == 1 ? printable(content, true) : content);
    return;
  }
  NewFile file(path, rules);
  write_all(file.unfinished(), path, content);
  file.publish();
}

}  // namespace neap
