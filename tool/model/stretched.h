// Says why looks came more rarely than wanted. Few processes never use up the budget; with them the machine was busy.
#pragma once
#include "tool/model/run.h"

namespace neap {

inline bool was_busy(const RunEnd& end) {
  constexpr std::uint64_t few_processes = 10;
  return end.most_processes < few_processes;
}

}  // namespace neap
