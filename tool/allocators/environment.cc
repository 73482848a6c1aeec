#include "tool/allocators/environment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "tool/allocators/library_name.h"
#include "tool/allocators/resolve.h"
#include "tool/allocators/table.h"
#include "tool/model/text.h"

extern char** environ;

namespace neap {
namespace {

using Variables = std::map<std::string, std::string>;

bool steers_an_allocator(std::string_view name) {
  for (const AllocatorRow& row : allocator_table)
    for (std::string_view pattern : row.variables) {
      const bool prefix = pattern.ends_with('*');
      if (prefix) pattern.remove_suffix(1);
      if (prefix ? name.starts_with(pattern) : name == pattern) return true;
    }
  return false;
}

// A variable's value without the parts that tune malloc: GLIBC_TUNABLES tunes more than that.
std::string without_malloc(std::string_view name, std::string_view value) {
  std::string left;
  if (name != "GLIBC_TUNABLES") return left;
  while (!value.empty()) {
    const auto end = std::min(value.find(':'), value.size());
    const std::string_view part = value.substr(0, end);
    if (!part.starts_with("glibc.malloc.")) left += (left.empty() ? "" : ":") + std::string(part);
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return left;
}

Variables variables_left(bool without_steering) {
  Variables variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string name(text.substr(0, equals));
    std::string value(text.substr(equals + 1));
    if (without_steering && steers_an_allocator(name)) {
      value = without_malloc(name, value);
      if (value.empty()) continue;
    }
    variables[name] = value;
  }
  return variables;
}

// What is preloaded where the program itself runs on plain glibc, for its children. A child may link another malloc;
// these libraries keep it on glibc's. glibc stands before the program's libraries and costs nothing per call. Behind it
// the forwarding library serves C++'s operator new, which the other malloc may bring along.
std::vector<std::string> libc_for_children() {
  const std::string forwarding = find_own_file("libneap-libc.so");
  if (forwarding.empty()) return {};
  return {"libc.so.6", forwarding};
}

std::vector<std::string> with_allocator(Variables variables, const Allocator& allocator,
                                        const std::vector<std::string>& extra_preloads) {
  std::vector<std::string> preloads = extra_preloads;
  for (const std::string& library : {allocator.checker, allocator.library})
    if (!library.empty()) preloads.push_back(library);
  if (allocator.is_libc() && !allocator.library.empty())
    preloads.push_back("libc.so.6");  // what the library forwards to
  const bool bare = allocator.is_libc() && allocator.library.empty();
  const std::string merged =
      merge_preload(preloads, variables["LD_PRELOAD"], bare ? libc_for_children() : std::vector<std::string>{});
  if (merged.empty())
    variables.erase("LD_PRELOAD");
  else
    variables["LD_PRELOAD"] = merged;
  for (const auto& [name, value] : allocator.environment) variables[name] = value;
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  return environment;
}

}  // namespace

std::string merge_preload(const std::vector<std::string>& first, std::string_view inherited,
                          const std::vector<std::string>& last) {
  std::string merged;
  const auto append = [&merged](std::string_view part) {
    if (!merged.empty()) merged += ':';
    merged += part;
  };
  for (const std::string& path : first) append(path);
  while (!inherited.empty()) {
    const auto end = std::min(inherited.find_first_of(": "), inherited.size());
    const std::string_view part = inherited.substr(0, end);
    const bool is_ours = std::find(first.begin(), first.end(), part) != first.end();
    if (!part.empty() && !is_ours && row_of_library(part) == nullptr) append(part);
    inherited.remove_prefix(std::min(end + 1, inherited.size()));
  }
  for (const std::string& path : last) append(path);
  return merged;
}

std::vector<std::string> environment_without_steering() {
  std::vector<std::string> kept;
  for (const auto& [name, value] : variables_left(true)) kept.push_back(name + "=" + value);
  return kept;
}

std::vector<std::string> steering_variables() {
  std::vector<std::string> found;
  const Variables kept = variables_left(true);
  for (const auto& [name, value] : variables_left(false))
    if (const auto left = kept.find(name); left == kept.end() || left->second != value) found.push_back(name);
  return found;
}

void tell_left_out() {
  const std::vector<std::string> names = steering_variables();
  if (names.empty()) return;
  tell(
      fmt::format("left out of the measured programs' environment, as {} an allocator: {}; settings belong behind its "
                  "name, as in libc:arena_max=1",
                  names.size() == 1 ? "it steers" : "they steer", fmt::join(names, ", ")));
}

std::vector<std::string> environment_under(const Allocator& allocator, const std::vector<std::string>& extra_preloads) {
  return with_allocator(variables_left(false), allocator, extra_preloads);
}

std::vector<std::string> environment_to_measure(const Allocator& allocator,
                                                const std::vector<std::string>& extra_preloads) {
  return with_allocator(variables_left(true), allocator, extra_preloads);
}

}  // namespace neap
