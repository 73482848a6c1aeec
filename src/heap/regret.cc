#include "heap/regret.h"

namespace neap {
namespace {

// A process is judged by windows of at least this length.
constexpr std::uint64_t kWindow = 50'000'000;  // nanoseconds

// What a page costs that is given back and taken again: 0.2 to 0.5 us for its part of a discard, 1.6 for its fault.
constexpr std::uint64_t kPageCost = 2'000;  // nanoseconds

// Much is above a twelfth of the time, for half a second on end; little is below a fiftieth.
constexpr std::uint64_t kMuch = 12, kLittle = 50;
constexpr std::uint32_t kHotWindows = 10;

// The slack begins with 2 MiB and doubles with each hot window, to 4 MiB and an eighth of what is in use. Below 256 KiB
// it ends.
constexpr std::uint64_t kFirst = 512, kLeast = 64;  // pages
constexpr std::uint64_t kMost = 1024, kMostShare = 8;

constexpr std::uint64_t lesser(std::uint64_t a, std::uint64_t b) { return a < b ? a : b; }

}  // namespace

void Regret::look(const PageTraffic& now) {
  const std::uint64_t span = now.time - last_.time;
  if (now.time == 0 || span < kWindow) return;
  const std::uint64_t gone = now.returned - last_.returned, grown = now.resident + gone;
  const std::uint64_t came = grown > last_.resident ? grown - last_.resident : 0;
  const std::uint64_t saved = (now.reused - last_.reused) * kPageCost;
  if (last_.time != 0) judge(lesser(gone, came) * kPageCost, saved, span);
  const std::uint64_t slack = lesser(this->slack(), kMost + now.in_use / kMostShare);
  slack_.store(slack < kLeast ? 0 : slack, std::memory_order_relaxed);
  last_ = now;
}

// `lost` and `saved` are nanoseconds of `span`.
void Regret::judge(std::uint64_t lost, std::uint64_t saved, std::uint64_t span) {
  const std::uint64_t slack = this->slack();
  if (lost > span / kMuch) {
    if (++hot_ >= kHotWindows) slack_.store(slack < kFirst / 2 ? kFirst : slack * 2, std::memory_order_relaxed);
    return;
  }
  hot_ = 0;
  if (lost + saved < span / kLittle) slack_.store(slack / 2, std::memory_order_relaxed);
}

}  // namespace neap
