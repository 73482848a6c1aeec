#include "tests/tool/change/folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace neap {

namespace fs = std::filesystem;

Folder::Folder() {
  std::string name = (fs::temp_directory_path() / "neap-change-XXXXXX").string();
  path_ = ::mkdtemp(name.data());
}

Folder::~Folder() { fs::remove_all(path_); }

void Folder::write(const std::string& path, const std::string& bytes) const {
  fs::create_directories(fs::path(path_ + path).parent_path());
  std::ofstream(path_ + path) << bytes;
}

std::string Folder::read(const std::string& path) const {
  std::ifstream file(path_ + path);
  if (!file) return "(none)";
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string Folder::everything() const {
  std::vector<std::string> lines;
  for (const auto& entry : fs::recursive_directory_iterator(path_)) {
    const std::string inside = entry.path().string().substr(path_.size());
    lines.push_back(inside + (entry.is_directory() ? "/" : " " + read(inside)) + "\n");
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

}  // namespace neap
