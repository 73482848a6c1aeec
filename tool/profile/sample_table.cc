#include "tool/profile/sample_table.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "format/samples.h"

namespace neap {
namespace {

using samples::Table;

void take_stacks(const Table& table, SampleTable& read, std::vector<std::size_t>& place) {
  place.assign(samples::kStacks, SIZE_MAX);
  for (std::size_t i = 0; i < samples::kStacks; ++i) {
    const samples::Stack& stack = table.stack[i];
    const std::size_t depth = std::min<std::size_t>(stack.depth.load(), samples::kDepth);
    if (stack.hash.load() == 0 || depth == 0) continue;
    place[i] = read.stacks.size();
    read.stacks.push_back({{stack.frames, stack.frames + depth},
                           static_cast<double>(stack.objects.load()),
                           static_cast<double>(stack.bytes.load())});
  }
}

void take_objects(const Table& table, SampleTable& read, const std::vector<std::size_t>& place) {
  for (std::size_t i = 0; i < samples::kSlots; ++i) {
    const std::uint64_t address = table.address[i].load();
    const samples::Object& object = table.object[i];
    if (address <= 1 || object.stack >= samples::kStacks || place[object.stack] == SIZE_MAX) continue;
    if (!std::isfinite(object.weight) || object.weight < 1 || object.size > std::uint64_t{1} << 46) continue;
    read.objects.push_back({address, object.size, object.weight, place[object.stack]});
  }
}

}  // namespace

std::optional<SampleTable> parse_samples(const std::vector<char>& bytes) {
  if (bytes.size() < sizeof(Table) || reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(Table) != 0)
    return std::nullopt;
  const Table& table = *static_cast<const Table*>(static_cast<const void*>(bytes.data()));
  if (table.magic != samples::kMagic || table.mean == 0) return std::nullopt;
  SampleTable read{table.mean, table.extra, table.taken.load(), table.lost.load(), {}, {}, {}};
  std::vector<std::size_t> place;
  take_stacks(table, read, place);
  take_objects(table, read, place);
  for (const samples::Module& module : table.module)
    if (module.start.load() != 0)
      read.modules.push_back(
          {module.start.load(), module.end, module.bias, {module.path, ::strnlen(module.path, samples::kPath)}});
  return read;
}

std::optional<SampleTable> read_samples(AddressSpace& space) {
  for (const Mapping& mapping : space.mappings()) {
    if (mapping.path.find(samples::kMapName) == std::string::npos || mapping.size() < sizeof(Table) || !mapping.shared)
      continue;
    std::vector<char> bytes(sizeof(Table));
    if (space.read(mapping.start, bytes.data(), bytes.size()))
      if (auto table = parse_samples(bytes)) return table;
  }
  return std::nullopt;
}

}  // namespace neap
