#include "limits/soft_limit.h"

#include <algorithm>

namespace neap {
namespace {

// The heap is near the limit when less than an eighth of it is left. That is more than what a heap keeps by default and
// what may come between two looks.
constexpr std::uint64_t kNearShare = 8, kMinNear = 64;  // pages

// The next look is due when a quarter of what was left is gone, but at most 64 MiB: where there is no limit, or a far
// one, another may be set. It is not due before a 128th of the limit is gone; otherwise a heap at its limit would do
// nothing else.
constexpr std::uint64_t kLookShare = 4, kMaxUnseen = std::uint64_t{16} << 10, kMinShareOfNear = 16;

// Nor is it due before a heap that is far above its limit has grown by a 128th of itself.
constexpr std::uint64_t kMinShareOfHeap = 128, kMinStep = 64;

// Other processes of the control group need memory too, so a look is also due by time, but not more often than this.
constexpr std::uint64_t kLookEvery = 250'000'000;  // nanoseconds

}  // namespace

bool SoftLimit::wants_look_after(std::uint64_t nanoseconds) const {
  return nanoseconds >= looked_.load(std::memory_order_relaxed) + kLookEvery;
}

void SoftLimit::learn(std::uint64_t limit, std::uint64_t left, std::uint64_t resident) {
  const bool none = limit == UINT64_MAX;
  ceiling_.store(none ? UINT64_MAX : resident + left, std::memory_order_relaxed);
  near_.store(none ? 0 : std::max(limit / kNearShare, kMinNear), std::memory_order_relaxed);
}

void SoftLimit::note_look(std::uint64_t resident, std::uint64_t nanoseconds) {
  const std::uint64_t near = near_.load(std::memory_order_relaxed);
  const std::uint64_t least = std::max({near / kMinShareOfNear, resident / kMinShareOfHeap, kMinStep});
  const std::uint64_t step = std::max(std::min(margin(resident) / kLookShare, kMaxUnseen), least);
  look_at_.store(resident + step, std::memory_order_relaxed);
  looked_.store(nanoseconds, std::memory_order_relaxed);
}

}  // namespace neap
