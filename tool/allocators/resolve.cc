#include "tool/allocators/resolve.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "tool/allocators/library_name.h"
#include "tool/allocators/settings.h"
#include "tool/allocators/table.h"
#include "tool/inspect/elf.h"
#include "tool/model/failure.h"
#include "tool/model/suggestion.h"

namespace neap {
namespace {

namespace fs = std::filesystem;

// LLVM keeps scudo in a folder of its version.
std::vector<std::string> llvm_folders() {
  std::vector<std::string> folders;
  std::error_code ignored;
  for (const auto& llvm : fs::directory_iterator("/usr/lib", ignored)) {
    if (!llvm.path().filename().string().starts_with("llvm-")) continue;
    for (const auto& version : fs::directory_iterator(llvm.path() / "lib/clang", ignored))
      folders.push_back((version.path() / "lib/linux").string());
  }
  std::sort(folders.rbegin(), folders.rend());
  return folders;
}

std::string find_library(std::string_view file) {
  std::error_code ignored;
  for (const std::string& folder : library_folders()) {
    const fs::path path = fs::path(folder) / file;
    if (fs::exists(path, ignored)) return fs::canonical(path, ignored).string();
  }
  return {};
}

std::string find_library(const AllocatorRow& row) {
  for (const std::string_view file : row.files)
    if (std::string path = find_library(file); !path.empty()) return path;
  return {};
}

const AllocatorRow* find_row(std::string_view name) {
  const auto row = std::find_if(allocator_table.begin(), allocator_table.end(),
                                [&](const AllocatorRow& each) { return each.name == name; });
  return row == allocator_table.end() ? nullptr : &*row;
}

const PresetRow* find_preset(std::string_view name) {
  const auto row =
      std::find_if(preset_table.begin(), preset_table.end(), [&](const PresetRow& each) { return each.name == name; });
  return row == preset_table.end() ? nullptr : &*row;
}

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const AllocatorRow& row : allocator_table) names.emplace_back(row.name);
  for (const PresetRow& row : preset_table) names.emplace_back(row.name);
  return names;
}

Allocator from_path(const std::string& written) {
  std::error_code error;
  const fs::path path = fs::canonical(written, error);
  if (error) throw UsageFailure(fmt::format("no allocator library at '{}'", written));
  if (!can_be_preloaded(path.string()))
    throw UsageFailure(
        fmt::format("'{}' holds a blank or a colon, where LD_PRELOAD ends a name; put the library under another path",
                    path.string()));
  if (!read_elf(path.string()).is_elf) throw UsageFailure(fmt::format("'{}' is not a shared library", written));
  if (!find_exported(path.string(), "malloc"))
    throw UsageFailure(fmt::format("'{}' exports no malloc: it is no allocator", written));
  const AllocatorRow* row = row_of_library(path.string());
  const bool is_neap = row != nullptr && row->name == "neap";
  return {written, is_neap ? std::string(row->name) : path.filename().string(), path.string(), {}};
}

Allocator from_row(const AllocatorRow& row, const std::string& written, std::string_view settings) {
  Allocator allocator{written, std::string(row.name), find_library(row), settings_environment(row, settings)};
  if (allocator.library.empty() && !allocator.is_libc())
    throw Failure(fmt::format("allocator '{}' is not installed; to get it: {}", row.name, row.install));
  if (!allocator.environment.empty()) check_settings(row, allocator);
  return allocator;
}

}  // namespace

std::vector<std::string> library_folders() {
  const fs::path home = fs::read_symlink("/proc/self/exe").parent_path();
  std::vector<std::string> folders{home.string(),
                                   (home / "../lib" / NEAP_MULTIARCH).string(),
                                   (home / "../lib" / NEAP_MULTIARCH / "neap").string(),
                                   (home / "../lib").string(),
                                   "/usr/local/lib/" NEAP_MULTIARCH,
                                   "/usr/local/lib",
                                   "/usr/lib/" NEAP_MULTIARCH,
                                   "/lib/" NEAP_MULTIARCH,
                                   "/usr/lib64",
                                   "/usr/lib",
                                   "/lib64",
                                   "/lib"};
  for (std::string& folder : llvm_folders()) folders.push_back(std::move(folder));
  return folders;
}

std::string find_own_file(const std::string& name) { return find_library(name); }

Allocator resolve_allocator(const std::string& written) {
  if (written.find('/') != std::string::npos || written.find(".so") != std::string::npos) return from_path(written);
  const auto colon = written.find(':');
  const std::string name = written.substr(0, colon);
  const std::string settings = colon == std::string::npos ? "" : written.substr(colon + 1);
  if (const AllocatorRow* row = find_row(name)) return from_row(*row, written, settings);
  if (const PresetRow* preset = find_preset(name)) {
    std::string full(preset->stands_for);
    if (!settings.empty()) full += ":" + settings;
    Allocator allocator = resolve_allocator(full);
    allocator.label = written;
    return allocator;
  }
  throw UsageFailure(fmt::format("no allocator '{}' (there are: {}; or give the path of a .so){}", name,
                                 fmt::join(all_names(), ", "), did_you_mean(name, all_names())));
}

std::vector<std::string> split_list(const std::vector<std::string>& written) {
  std::vector<std::string> parts;
  for (const std::string& list : written)
    for (std::size_t start = 0; start <= list.size();) {
      const std::size_t end = std::min(list.find(',', start), list.size());
      if (end > start) parts.push_back(list.substr(start, end - start));
      start = end + 1;
    }
  return parts;
}

std::vector<Allocator> resolve_allocators(const std::vector<std::string>& written) {
  std::vector<Allocator> allocators;
  for (const std::string& each : split_list(written)) {
    allocators.push_back(resolve_allocator(each));
    const auto twin = [&](const Allocator& other) { return other.label == allocators.back().label; };
    if (std::count_if(allocators.begin(), allocators.end(), twin) > 1)
      throw UsageFailure(fmt::format("allocator '{}' is named twice", each));
  }
  return allocators;
}

std::vector<AllocatorFacts> known_allocators() {
  std::vector<AllocatorFacts> known;
  for (const AllocatorRow& row : allocator_table) {
    AllocatorFacts facts;
    facts.allocator = {std::string(row.name), std::string(row.name), find_library(row), {}};
    facts.installed = !facts.allocator.library.empty() || facts.allocator.is_libc();
    facts.about = row.about;
    facts.install = row.install;
    facts.variables.assign(row.variables.begin(), row.variables.end());
    known.push_back(std::move(facts));
  }
  for (const PresetRow& row : preset_table) {
    const AllocatorRow* base = find_row(row.stands_for.substr(0, row.stands_for.find(':')));
    AllocatorFacts facts;
    facts.installed = base->name == "libc" || !find_library(*base).empty();
    if (facts.installed) facts.allocator = resolve_allocator(std::string(row.stands_for));
    facts.allocator.label = row.name;
    facts.about = row.about;
    facts.install = base->install;
    known.push_back(std::move(facts));
  }
  return known;
}

}  // namespace neap
