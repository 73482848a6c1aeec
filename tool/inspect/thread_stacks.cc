#include "tool/inspect/thread_stacks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace neap {
namespace {

constexpr std::uint64_t block_lies_in = 16 << 10;  // bytes below the end of the stack's mapping

bool is_guard(const Mapping& mapping) {
  return mapping.is_anonymous() && !mapping.readable && !mapping.writable && !mapping.executable;
}

bool holds_thread_block(AddressSpace& space, const Mapping& mapping) {
  const std::uint64_t size = std::min(mapping.size(), block_lies_in), from = mapping.end - size;
  std::vector<std::uint64_t> words(size / 8);
  if (!space.read(from, words.data(), size)) return false;
  for (std::size_t i = 0; i + 2 < words.size(); ++i)
    if (const std::uint64_t here = from + i * 8; words[i] == here && words[i + 2] == here) return true;
  return false;
}

// The last but one field of /proc/PID/task/TID/syscall of a thread that waits.
std::vector<std::uint64_t> stack_pointers(pid_t pid) {
  std::vector<std::uint64_t> found;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), gone)) {
    std::ifstream file(entry.path() / "syscall");
    std::vector<std::string> fields;
    for (std::string field; file >> field;) fields.push_back(field);
    if (fields.size() >= 3) found.push_back(std::strtoull(fields[fields.size() - 2].c_str(), nullptr, 16));
  }
  return found;
}

}  // namespace

std::set<std::uint64_t> find_thread_stacks(AddressSpace& space, pid_t pid) {
  std::set<std::uint64_t> stacks;
  const auto& all = space.mappings();
  for (std::size_t i = 1; i < all.size(); ++i)
    if (all[i].is_private_data() && all[i].is_anonymous() && is_guard(all[i - 1]) && all[i - 1].end == all[i].start &&
        holds_thread_block(space, all[i]))
      stacks.insert(all[i].start);
  if (pid == 0) return stacks;
  for (const std::uint64_t pointer : stack_pointers(pid))
    if (const Mapping* mapping = space.mapping_of(pointer); mapping != nullptr && mapping->is_anonymous())
      stacks.insert(mapping->start);
  return stacks;
}

}  // namespace neap
