// A unit's limit of memory, and whether libneap is told to heed it (soft_limit:cgroup, docs/limits.md).
#pragma once
#include <string_view>
#include <vector>

#include "tool/checks/finding.h"
#include "tool/model/allocator.h"
#include "tool/systemd/manager.h"

namespace neap {

// The setting of libneap behind `neap enable --soft-limit`.
inline constexpr std::string_view soft_limit_setting = "soft_limit=cgroup";

std::vector<Finding> check_memory_limit(const UnitFacts& unit, const Allocator& allocator);

}  // namespace neap
