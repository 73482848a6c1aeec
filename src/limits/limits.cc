#include "limits/limits.h"

#include <algorithm>

#include "base/units.h"
#include "os/control_group.h"
#include "os/mutex.h"
#include "os/os.h"

namespace neap {
namespace {

// Near a soft limit, free pages may be one part in this many of what is left.
constexpr std::uint64_t kDirtyShare = 4;

// While there is slack, free pages wait this many times longer.
constexpr std::uint64_t kHotDecay = 8;

}  // namespace

std::uint64_t Limits::dirty_limit() const {
  const std::uint64_t floor = __atomic_load_n(&options_.dirty_floor, __ATOMIC_RELAXED);  // mallopt may change it
  const std::uint64_t resident = resident_pages();
  const std::uint64_t usual = pages_of(floor) + resident * options_.dirty_percent / 100 + slack();
  return std::min(usual, soft_limit_.margin(resident) / kDirtyShare);
}

std::uint64_t Limits::decay() const { return slack() != 0 ? options_.decay_events * kHotDecay : options_.decay_events; }

bool Limits::is_look_due() const {
  return options_.soft_limit != 0 && (wants_look(0) || soft_limit_.wants_look_after(os::coarse_time()));
}

// The heap's metadata counts towards a limit of a size, as it does towards that of a control group.
void Limits::look() {
  if (options_.soft_limit == 0) return;
  const std::uint64_t resident = resident_pages();
  if (options_.soft_limit != kByControlGroup) {
    const std::uint64_t limit = options_.soft_limit / kPageSize;
    const std::uint64_t used = resident + pages_.accounts().metadata_bytes.get() / kPageSize;
    soft_limit_.learn(limit, rest(limit, used), resident);
  } else if (os::GroupMemory group; os::group_memory(group)) {
    const bool none = group.limit == UINT64_MAX;
    soft_limit_.learn(none ? UINT64_MAX : group.limit / kPageSize, group.left() / kPageSize, resident);
  }
  soft_limit_.note_look(resident, os::coarse_time());
}

void Limits::judge_returns() {
  const Accounts& sums = pages_.accounts();
  regret_.look({os::coarse_time(), sums.missed_pages.get(), sums.reused_pages.get(), pages_in_use(),
                sums.return_calls.get(), !single_threaded()});
  pages_.set_reach(regret_.reach());
}

}  // namespace neap
