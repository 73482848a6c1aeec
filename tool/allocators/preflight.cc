#include "tool/allocators/preflight.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "tool/allocators/resolve.h"
#include "tool/inspect/elf.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

namespace fs = std::filesystem;

bool is_executable_file(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

// The interpreter of a script, as the kernel would find it. A file that is no script stays as it is.
std::string follow_interpreters(std::string file) {
  constexpr int kernel_limit = 5;
  for (int depth = 0; depth < kernel_limit; ++depth) {
    std::ifstream script(file);
    std::string line;
    if (script.get() != '#' || script.get() != '!' || !std::getline(script, line)) return file;
    const auto start = line.find_first_not_of(" \t");
    if (start == std::string::npos) return file;
    const std::string interpreter = line.substr(start, line.find_first_of(" \t", start) - start);
    if (fs::path(interpreter).filename() == "env") {
      const auto name = line.find_first_not_of(" \t", start + interpreter.size());
      if (name == std::string::npos) return file;
      file = find_program(line.substr(name, line.find_first_of(" \t", name) - name));
    } else {
      file = interpreter;
    }
  }
  return file;
}

bool changes_rights(const std::string& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 && ((status.st_mode & (S_ISUID | S_ISGID)) != 0 ||
                                                ::getxattr(file.c_str(), "security.capability", nullptr, 0) > 0);
}

// True when the file runs with rights that whoever runs neap does not have.
bool runs_with_other_rights(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return false;
  const bool other_user = (status.st_mode & S_ISUID) != 0 && status.st_uid != ::geteuid();
  const bool other_group = (status.st_mode & S_ISGID) != 0 && status.st_gid != ::getegid();
  const bool capabilities = ::geteuid() != 0 && ::getxattr(file.c_str(), "security.capability", nullptr, 0) > 0;
  return other_user || other_group || capabilities;
}

std::string find_needed(const std::string& name, const std::string& runpath, const std::string& origin) {
  std::vector<std::string> folders;
  for (std::size_t start = 0; start < runpath.size();) {
    const std::size_t end = std::min(runpath.find(':', start), runpath.size());
    std::string folder = runpath.substr(start, end - start);
    if (const auto mark = folder.find("$ORIGIN"); mark != std::string::npos) folder.replace(mark, 7, origin);
    folders.push_back(std::move(folder));
    start = end + 1;
  }
  for (std::string& folder : library_folders()) folders.push_back(std::move(folder));
  std::error_code ignored;
  for (const std::string& folder : folders)
    if (const fs::path path = fs::path(folder) / name; fs::exists(path, ignored)) return path.string();
  return {};
}

bool is_part_of_libc(const std::string& name) { return name.starts_with("libc.so.") || name.starts_with("ld-linux"); }

std::string find_linked_malloc(const std::string& program) {
  std::vector<std::string> open{program};
  std::set<std::string> seen;
  while (!open.empty()) {
    const std::string file = open.back();
    open.pop_back();
    const ElfFacts facts = read_elf(file);
    for (const std::string& name : facts.needed) {
      if (is_part_of_libc(name) || !seen.insert(name).second) continue;
      const std::string path = find_needed(name, facts.runpath, fs::path(file).parent_path().string());
      if (path.empty()) continue;
      if (find_exported(path, "malloc")) return name;
      open.push_back(path);
    }
  }
  return {};
}

}  // namespace

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (!fs::exists(name)) throw Failure(fmt::format("program '{}' does not exist", name), exit_not_found);
    if (!is_executable_file(name))
      throw Failure(fmt::format("'{}' is not an executable file", name), exit_cannot_execute);
    return name;
  }
  const char* path = std::getenv("PATH");
  const std::string folders = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  for (std::size_t start = 0; start <= folders.size();) {
    const std::size_t end = std::min(folders.find(':', start), folders.size());
    std::string file = folders.substr(start, end - start) + "/" + name;
    if (end > start && is_executable_file(file)) return file;
    start = end + 1;
  }
  throw Failure(fmt::format("program '{}' was not found in PATH", name), exit_not_found);
}

Preflight look_before_start(const std::string& program) {
  Preflight preflight;
  preflight.file = follow_interpreters(find_program(program));
  const ElfFacts elf = read_elf(preflight.file);
  if (!elf.is_elf) return preflight;
  preflight.changes_rights = changes_rights(preflight.file);
  if (!elf.has_interpreter)
    preflight.obstacle = "it is statically linked";
  else if (runs_with_other_rights(preflight.file))
    preflight.obstacle = "it is setuid, setgid or has file capabilities";
  else if (find_exported(preflight.file, "malloc"))
    preflight.obstacle = "it has a malloc of its own built in";
  else
    preflight.linked_malloc = find_linked_malloc(preflight.file);
  return preflight;
}

Allocator fitted_to(const Allocator& allocator, const Preflight& preflight) {
  Allocator fitted = allocator;
  if (!allocator.is_libc()) return fitted;
  if (preflight.linked_malloc.empty())
    fitted.library.clear();
  else if (fitted.library.empty())
    throw Failure(
        fmt::format("the program links {}: running it on libc needs libneap-libc.so, which is not beside neap",
                    preflight.linked_malloc));
  return fitted;
}

}  // namespace neap
