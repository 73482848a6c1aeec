#include "tool/allocators/environment.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "tool/allocators/library_name.h"
#include "tool/allocators/resolve.h"

extern char** environ;

namespace neap {
namespace {

// What keeps a program that links another malloc on glibc's, for the children of a program that itself runs bare: glibc
// looked up before the program's libraries costs nothing per call, and the forwarding library behind it serves C++'s
// operator new, which the other malloc may bring along.
std::vector<std::string> libc_for_children() {
  const std::string forwarding = find_own_file("libneap-libc.so");
  if (forwarding.empty()) return {};
  return {"libc.so.6", forwarding};
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

std::vector<std::string> environment_under(const Allocator& allocator, const std::vector<std::string>& extra_preloads) {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) variables[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
  std::vector<std::string> preloads = extra_preloads;
  if (!allocator.library.empty()) preloads.push_back(allocator.library);
  if (allocator.is_libc() && !allocator.library.empty()) preloads.push_back("libc.so.6");  // what it forwards to
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

}  // namespace neap
