#include <algorithm>
#include <cstddef>
#include <cstring>

#include "tool/fill/neap_reader.h"

namespace neap {
namespace {

constexpr std::uint64_t most_data = 64 << 20;
constexpr std::uint32_t least_size = offsetof(neap_telemetry, exempt), most_size = 4096;

std::optional<FoundTelemetry> find_in(AddressSpace& space, const Mapping& data) {
  const std::uint64_t size = std::min(space.end_of_data(data) - data.start, most_data);
  std::vector<std::uint64_t> words(size / 8);
  if (!space.read(data.start, words.data(), words.size() * 8)) return std::nullopt;
  for (std::size_t at = 0; at + 1 < words.size(); ++at) {
    const std::uint64_t length = words[at + 1] >> 32;
    if (words[at] != NEAP_TELEMETRY_MAGIC || (words[at + 1] & UINT32_MAX) != NEAP_TELEMETRY_VERSION ||
        length < least_size || length > most_size)
      continue;
    FoundTelemetry found{data.start + at * 8, {}, data.path};
    const std::size_t known = std::min({length, std::uint64_t{sizeof found.values}, (words.size() - at) * 8});
    std::memcpy(&found.values, &words[at], known);
    return found;
  }
  return std::nullopt;
}

}  // namespace

std::optional<FoundTelemetry> find_telemetry_in(AddressSpace& space) {
  const auto& all = space.mappings();
  const auto program = std::find_if(all.begin(), all.end(), [](auto& mapping) { return mapping.is_file(); });
  for (const Mapping& mapping : all) {
    if (!mapping.is_file() || !mapping.is_private_data()) continue;
    const bool library = mapping.path.find("libneap", mapping.path.rfind('/')) != std::string::npos;
    if (!library && mapping.path != program->path) continue;
    if (auto found = find_in(space, mapping)) return found;
  }
  return std::nullopt;
}

}  // namespace neap
