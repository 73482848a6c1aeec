#include "tool/checks/memory_limit.h"

#include <fmt/format.h>

#include <algorithm>

namespace neap {
namespace {

bool heeds_limits(const Allocator& allocator) {
  return std::any_of(allocator.environment.begin(), allocator.environment.end(), [](const auto& variable) {
    return variable.first == "NEAP_OPTIONS" && variable.second.find("soft_limit:") != std::string::npos;
  });
}

}  // namespace

std::vector<Finding> check_memory_limit(const UnitFacts& unit, const Allocator& allocator) {
  if (!allocator.is_neap()) return {};
  const bool is_high = unit.memory_high < unit.memory_max;
  const std::uint64_t limit = std::min(unit.memory_max, unit.memory_high);
  const char* const subject = is_high ? "MemoryHigh" : "MemoryMax";
  const bool heeds = heeds_limits(allocator);
  if (limit == UINT64_MAX) {
    if (!heeds) return {};
    return {{Severity::warning, subject, fmt::format("{} has no limit of memory of its own", unit.id),
             "the soft limit is that of a slice above it, if one has any"}};
  }
  const std::string what = fmt::format("{} has {} MiB", unit.id, limit >> 20);
  if (heeds) return {{Severity::fine, subject, what + "; near it libneap keeps nothing that it can give back", {}}};
  return {{Severity::warning, subject, what, "with --soft-limit libneap keeps nothing near it that it can give back"}};
}

}  // namespace neap
