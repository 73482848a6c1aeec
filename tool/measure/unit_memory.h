// The memory of a unit's processes, summed: resident, shared pages divided, and libneap's own figures.
#pragma once
#include <sys/types.h>

#include <span>
#include <string_view>

#include "tool/model/unit_metrics.h"

namespace neap {

// A process that ends meanwhile counts nothing. `stems`: how the names of allocators' libraries begin.
UnitMemory read_unit_memory(std::span<const pid_t> processes, std::span<const std::string_view> stems);

}  // namespace neap
