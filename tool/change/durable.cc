#include "tool/change/durable.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "tool/model/failure.h"

namespace neap {
namespace {

[[noreturn]] void fail(const std::string& what, const std::string& path, int error) {
  const std::string line = fmt::format("cannot {} {}: {}", what, path, std::strerror(error));
  if (error == EROFS)
    throw UsageFailure(line + "; make the file system writable (mount -o remount,rw) or change the system's image");
  if (error == EACCES || error == EPERM) throw UsageFailure(line + "; run it as root");
  if (error == ENOSPC || error == EDQUOT) throw Failure(line + "; make room and try again");
  throw Failure(line);
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const { return number_; }

 private:
  int number_;
};

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "/" : folder;
}

// A name that no reader of the folder takes for a file of its own: systemd reads *.conf, and ld.so one name.
std::string new_name(const std::string& path) {
  return folder_of(path) + "/." + std::filesystem::path(path).filename().string() + unfinished_extension;
}

void sync_folder(const std::string& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || ::fsync(folder.get()) != 0) fail("sync", path, errno);
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

}  // namespace

FileImage fresh_image(std::string bytes, mode_t mode) { return {std::move(bytes), mode, ::geteuid(), ::getegid()}; }

std::optional<FileImage> read_image(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    if (errno == ELOOP) throw UsageFailure(path + " is a symbolic link; neap replaces files only: put a file there");
    fail("read", path, errno);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail("read", path, errno);
  if (!S_ISREG(status.st_mode)) throw UsageFailure(path + " is no regular file; move it away");
  FileImage image{{}, status.st_mode & 07777, status.st_uid, status.st_gid};
  std::array<char, 4096> buffer;
  ssize_t got = 0;
  while ((got = ::read(file.get(), buffer.data(), buffer.size())) > 0)
    image.bytes.append(buffer.data(), static_cast<std::size_t>(got));
  if (got < 0) fail("read", path, errno);
  return image;
}

void write_durably(const std::string& path, const FileImage& image) {
  const std::string fresh = new_name(path);
  const auto give_up = [&](int error) {
    ::unlink(fresh.c_str());
    fail("write", path, error);
  };
  {
    const Descriptor file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file.get() < 0) fail("write", path, errno);
    if (!write_all(file.get(), image.bytes)) give_up(errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) give_up(errno);
    const bool foreign = status.st_uid != image.owner || status.st_gid != image.group;
    if (foreign && ::fchown(file.get(), image.owner, image.group) != 0) give_up(errno);
    if (::fchmod(file.get(), image.mode) != 0) give_up(errno);
    if (::fsync(file.get()) != 0) give_up(errno);
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) give_up(errno);
  sync_folder(folder_of(path));
}

void remove_durably(const std::string& path) {
  ::unlink(new_name(path).c_str());
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return;
    fail("remove", path, errno);
  }
  sync_folder(folder_of(path));
}

void put_durably(const std::string& path, const std::optional<FileImage>& image) {
  if (image)
    write_durably(path, *image);
  else
    remove_durably(path);
}

std::vector<std::string> missing_folders(const std::string& path) {
  std::vector<std::string> missing;
  struct stat status {};
  for (std::string folder = folder_of(path); ::stat(folder.c_str(), &status) != 0 && errno == ENOENT;
       folder = folder_of(folder))
    missing.push_back(folder);
  std::reverse(missing.begin(), missing.end());
  return missing;
}

void make_folder_durably(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0) {
    if (errno == EEXIST) return;
    fail("make the folder", path, errno);
  }
  sync_folder(folder_of(path));
}

void remove_folder_if_empty(const std::string& path) {
  if (::rmdir(path.c_str()) == 0) sync_folder(folder_of(path));
}

}  // namespace neap
