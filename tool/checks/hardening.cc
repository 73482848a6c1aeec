#include "tool/checks/hardening.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

namespace neap {
namespace {

const char* const native_architecture =
#if defined(__x86_64__)
    "x86-64";
#elif defined(__aarch64__)
    "arm64";
#else
    "native";
#endif

constexpr const char* place_to_install = "install the library below /usr/lib, where every service may map it";

// Every call of docs/syscalls.md without which no memory comes or goes.
constexpr std::array<std::string_view, 5> needed_calls{"mmap", "munmap", "mprotect", "madvise", "futex"};
constexpr std::uint64_t little_address_space = 512ull << 20;

bool is_below(std::string_view path, std::string_view folder) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.remove_suffix(1);
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// Settings write "-/path" for one that may be missing and "+/path" for one below RootDirectory=.
std::string_view bare(std::string_view path) {
  while (!path.empty() && (path[0] == '-' || path[0] == '+')) path.remove_prefix(1);
  return path.substr(0, path.find(':'));
}

// /lib is a link to /usr/lib here and a name of its own in settings: both spellings are tried.
std::size_t longest_fit(const Root& root, const std::vector<std::string>& folders, const std::string& library) {
  std::size_t longest = 0;
  for (const std::string& written : folders) {
    const std::string_view folder = bare(written);
    std::error_code ignored;
    const std::string real = std::filesystem::weakly_canonical(root.at(std::string(folder)), ignored).string();
    const std::string_view resolved = std::string_view(real).substr(std::min(root.at("").size(), real.size()));
    for (const std::string_view each : {folder, resolved})
      if (!each.empty() && is_below(library, each)) longest = std::max(longest, each.size());
  }
  return longest;
}

using Bind = std::pair<std::string, std::string>;

const Bind* bind_of(const Hardening& limits, const std::string& inside) {
  const Bind* longest = nullptr;
  for (const Bind& bind : limits.bind_paths)
    if (is_below(inside, bind.second) && (longest == nullptr || bind.second.size() > longest->second.size()))
      longest = &bind;
  return longest;
}

class Check {
 public:
  Check(const Root& root, const UnitFacts& unit, const std::string& library)
      : root_(root), unit_(unit), limits_(unit.hardening), library_(library) {}

  std::vector<Finding> all() {
    paths_of_execution();
    hidden_paths();
    other_root();
    readable_by_user();
    system_calls();
    harmless();
    return std::move(findings_);
  }

 private:
  void add(Severity severity, const char* subject, std::string what, std::string advice = {}) {
    findings_.push_back({severity, subject, std::move(what), std::move(advice)});
  }

  void paths_of_execution() {
    const std::size_t refused = longest_fit(root_, limits_.no_exec_paths, library_);
    const std::size_t allowed = longest_fit(root_, limits_.exec_paths, library_);
    if (refused > 0 && allowed < refused)
      add(Severity::obstacle, "NoExecPaths", fmt::format("{} lies where nothing may be mapped executable", library_),
          fmt::format("{}, or add ExecPaths={} to {}", place_to_install, library_, unit_.id));
    else if (refused > 0)
      add(Severity::fine, "ExecPaths", fmt::format("{} is among what may be mapped executable", library_));
  }

  void hidden_paths() {
    const std::string_view home = limits_.protect_home;
    const bool at_home = is_below(library_, "/home") || is_below(library_, "/root") || is_below(library_, "/run/user");
    if (at_home && (home == "yes" || home == "true" || home == "tmpfs"))
      add(Severity::obstacle, "ProtectHome", fmt::format("{} hides {}", unit_.id, library_), place_to_install);
    const bool temporary = is_below(library_, "/tmp") || is_below(library_, "/var/tmp");
    if (temporary && limits_.private_tmp)
      add(Severity::obstacle, "PrivateTmp", fmt::format("{} has a /tmp of its own, without {}", unit_.id, library_),
          place_to_install);
    if (longest_fit(root_, limits_.inaccessible_paths, library_) > 0)
      add(Severity::obstacle, "InaccessiblePaths", fmt::format("{} hides {}", unit_.id, library_), place_to_install);
    if (longest_fit(root_, limits_.temporary_file_systems, library_) > 0 && bind_of(limits_, library_) == nullptr)
      add(Severity::obstacle, "TemporaryFileSystem", fmt::format("{} covers {}", unit_.id, library_),
          fmt::format("add BindReadOnlyPaths={} to {}", library_, unit_.id));
  }

  void other_root() {
    if (!limits_.root_image.empty())
      add(Severity::obstacle, "RootImage",
          fmt::format("{} runs inside {}, not in this file system", unit_.id, limits_.root_image),
          "install libneap inside the image and set LD_PRELOAD in the unit by hand");
    if (limits_.root_directory.empty() || limits_.root_directory == "/") return;
    if (std::filesystem::exists(root_.at(path_outside(limits_, library_)))) return;
    add(Severity::obstacle, "RootDirectory",
        fmt::format("{} runs inside {}, where {} is not", unit_.id, limits_.root_directory, library_),
        fmt::format("copy it to {}{}, or add BindReadOnlyPaths={} to {}", limits_.root_directory, library_, library_,
                    unit_.id));
  }

  // A service's user needs to read the file and to pass every folder above it.
  void readable_by_user() {
    const bool other_user =
        limits_.dynamic_user || (!limits_.user.empty() && limits_.user != "root" && limits_.user != "0");
    struct stat status {};
    for (std::filesystem::path path = library_; other_user; path = path.parent_path()) {
      const mode_t needed = path == library_ ? S_IROTH : S_IXOTH;
      if (::stat(root_.at(path.string()).c_str(), &status) == 0 && (status.st_mode & needed) == 0) {
        add(Severity::obstacle, limits_.dynamic_user ? "DynamicUser" : "User",
            fmt::format("{} runs as {}, which may not read {}", unit_.id,
                        limits_.user.empty() ? "a user of its own" : limits_.user, path.string()),
            fmt::format("chmod o+r{} {}", path == library_ ? "" : "x", path.string()));
        return;
      }
      if (path == path.parent_path()) return;
    }
  }

  void system_calls() {
    const auto listed = [&](std::string_view call) {
      return std::find(limits_.system_calls.begin(), limits_.system_calls.end(), call) != limits_.system_calls.end();
    };
    std::vector<std::string_view> refused;
    for (const std::string_view call : needed_calls)
      if (!limits_.system_calls.empty() && listed(call) != limits_.system_calls_allowed) refused.push_back(call);
    if (!refused.empty())
      add(Severity::obstacle, "SystemCallFilter", fmt::format("{} refuses {}", unit_.id, fmt::join(refused, ", ")),
          fmt::format("add SystemCallFilter={} to {}", fmt::join(refused, " "), unit_.id));
    else if (!limits_.system_calls.empty())
      add(Severity::fine, "SystemCallFilter", "lets through every call that the library makes");
    const auto& known = limits_.architectures;
    const auto is_ours = [](const std::string& name) { return name == "native" || name == native_architecture; };
    if (!known.empty() && std::none_of(known.begin(), known.end(), is_ours))
      add(Severity::obstacle, "SystemCallArchitectures",
          fmt::format("{} is for {} only, the library for {}", unit_.id, fmt::join(known, " "), native_architecture),
          "use a library of that architecture, by its path");
  }

  void harmless() {
    if (limits_.no_new_privileges) add(Severity::fine, "NoNewPrivileges", "does not touch a preloaded library");
    if (limits_.deny_write_execute)
      add(Severity::fine, "MemoryDenyWriteExecute", "libneap asks for no memory that is writable and executable");
    if (limits_.address_space < little_address_space)
      add(Severity::warning, "LimitAS",
          fmt::format("{} has {} MiB of address space", unit_.id, limits_.address_space >> 20),
          "libneap takes little at a time under such a limit; raise LimitAS= if the service reports that memory is "
          "out");
  }

  const Root& root_;
  const UnitFacts& unit_;
  const Hardening& limits_;
  const std::string& library_;
  std::vector<Finding> findings_;
};

}  // namespace

const Finding* first_obstacle(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings)
    if (finding.severity == Severity::obstacle) return &finding;
  return nullptr;
}

std::string path_outside(const Hardening& limits, const std::string& inside) {
  if (const Bind* bind = bind_of(limits, inside)) return bind->first + inside.substr(bind->second.size());
  const std::string& root = limits.root_directory;
  return root.empty() || root == "/" ? inside : root + inside;
}

std::vector<Finding> check_hardening(const Root& root, const UnitFacts& unit, const std::string& library) {
  if (library.empty()) return {};
  return Check(root, unit, library).all();
}

}  // namespace neap
