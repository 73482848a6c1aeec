// Files replaced so that a crash, a kill or a full disk leaves either the old bytes or the new ones, on the disk too:
// a new file beside the old one, fsync, rename, fsync of the folder. Called by tool/service under the lock of lock.h,
// so one name for the new file is enough, and what a killed neap left of it is overwritten by the next.
//
// Every function throws Failure; UsageFailure where the person at the keyboard has to act (no right, read-only).
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace neap {

// A folder that stands for `/`. Tests give another; everything of tool/service names files as the system does.
class Root {
 public:
  explicit Root(std::string prefix = {}) : prefix_(std::move(prefix)) {}
  std::string at(const std::string& path) const { return prefix_ + path; }

 private:
  std::string prefix_;
};

struct FileImage {
  std::string bytes;
  mode_t mode = 0644;
  uid_t owner = 0;
  gid_t group = 0;
  bool operator==(const FileImage&) const = default;
};

// The bytes as a file of whoever runs neap.
FileImage fresh_image(std::string bytes, mode_t mode = 0644);

// Empty when there is no such file. A symbolic link is refused: neap would replace the link, not what it points to.
std::optional<FileImage> read_image(const std::string& path);

void write_durably(const std::string& path, const FileImage& image);
void remove_durably(const std::string& path);  // no failure when it is gone already

// Of a file that is being written: readers of its folder take none of that name.
inline constexpr const char* unfinished_extension = ".neap-new";

// Writes the image, or removes the file where there is none.
void put_durably(const std::string& path, const std::optional<FileImage>& image);

// Folders above `path` that do not exist, outermost first.
std::vector<std::string> missing_folders(const std::string& path);
void make_folder_durably(const std::string& path);
void remove_folder_if_empty(const std::string& path);

}  // namespace neap
