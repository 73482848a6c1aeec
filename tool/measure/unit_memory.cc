#include "tool/measure/unit_memory.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>

#include "tool/inspect/mappings.h"
#include "tool/measure/process_reader.h"

namespace neap {
namespace {

void add(std::optional<Bytes>& sum, std::uint64_t bytes) { sum = sum.value_or(Bytes{}) + Bytes{bytes}; }

// Whether an allocator's library is mapped of which the file was replaced or removed since.
std::optional<bool> runs_stale_library(pid_t pid, std::span<const std::string_view> stems) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  if (!maps) return std::nullopt;
  for (std::string line; std::getline(maps, line);) {
    if (!line.ends_with(" (deleted)")) continue;
    const std::string_view name = std::string_view(line).substr(line.rfind('/') + 1);
    if (std::ranges::any_of(stems, [&](std::string_view stem) { return name.starts_with(stem); })) return true;
  }
  return false;
}

void add_telemetry(pid_t pid, UnitMemory& unit) {
  const auto address = find_telemetry(pid);
  const auto telemetry = address ? read_telemetry(pid, *address) : std::nullopt;
  if (!telemetry || telemetry->magic != NEAP_TELEMETRY_MAGIC || telemetry->exempt != 0) return;
  if (!unit.telemetry) unit.telemetry.emplace();
  for (std::size_t i = 0; i < telemetry_figures; ++i) (*unit.telemetry)[i] += telemetry_table[i].of(*telemetry);
}

}  // namespace

UnitMemory read_unit_memory(std::span<const pid_t> processes, std::span<const std::string_view> stems) {
  UnitMemory unit;
  for (const pid_t pid : processes) {
    Sample sample;
    ProcessReader reader(pid);
    if (!reader.read_basics(sample)) continue;
    reader.read_shares(sample);
    add(unit.resident, sample.rss.count);
    add(unit.swap, sample.swap.count);
    if (sample.pss) add(unit.proportional, sample.pss->count);
    if (const auto stale = runs_stale_library(pid, stems))
      unit.library_stale = unit.library_stale.value_or(false) || *stale;
    add_telemetry(pid, unit);
  }
  return unit;
}

}  // namespace neap
