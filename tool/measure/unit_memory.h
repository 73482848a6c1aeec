// The memory of a unit's processes, summed: resident, shared pages divided, and libneap's own figures.
#pragma once
#include <sys/types.h>

#include <span>

#include "tool/model/unit_metrics.h"

namespace neap {

// A process that ends meanwhile counts nothing.
UnitMemory read_unit_memory(std::span<const pid_t> processes);

}  // namespace neap
