#include "limits/regret.h"

#include <algorithm>

#include "base/units.h"

namespace neap {
namespace {

// A process is judged by windows of at least kWindow. While it is young they are shorter, as many programs end soon
// (docs/decisions/031-young-programs.md). In nanoseconds.
constexpr std::uint64_t kWindow = 50'000'000, kYoungWindow = 12'000'000, kYouth = 500'000'000;

// What it costs to give a page back and take it again: 0.2 to 0.5 us for its part of a discard, and 1.6 us for its
// fault.
constexpr std::uint64_t kPageCost = 2'000;  // nanoseconds

// What a call that gives pages back costs beside that where other threads run, because it interrupts their CPUs
// (docs/decisions/039-discards-together.md).
constexpr std::uint64_t kCallCost = 10'000;

// The slack begins when missed pages and these calls take more than a twelfth of the time in each of three windows on
// end. It is halved when they and reused pages together come to less than a fiftieth.
constexpr std::uint64_t kMuch = 12, kLittle = 50;
constexpr std::uint32_t kHotWindows = 3;

// The slack is 4 MiB and an eighth of what is in use, or less while it shrinks. Below 256 KiB it ends.
constexpr std::uint64_t kMinSlack = 64;  // pages
constexpr std::uint64_t kMaxSlack = 1024, kSlackShare = 8;

// A steady heap may have as much slack as it has in use, up to 32 MiB: one that had never more than three times as much
// in use of late than at its least. Each window forgets an eighth of what was. Its slack follows what it has in use;
// that of any other heap only falls, until it is hot again.
// (docs/decisions/042-steady-heaps.md, 044-large-objects-that-come-and-go.md)
constexpr std::uint64_t kMaxSteadySlack = 8192, kSteadyRatio = 3, kForgotten = 8;

// A heap has fallen when less than nine sixteenths of its mean of late are in use.
constexpr std::uint64_t kFallenPart = 9, kFallenWhole = 16;

// The first moments are as long as three of the shorter windows.
constexpr std::uint64_t kFirstMoments = kHotWindows * kYoungWindow;

// What any heap may have.
std::uint64_t common_slack(std::uint64_t in_use) { return kMaxSlack + in_use / kSlackShare; }

}  // namespace

std::uint64_t Regret::steady_use() const { return high_ <= kSteadyRatio * low_ ? low_ : 0; }

std::uint64_t Regret::most() const {
  return std::max(common_slack(last_.in_use), kMaxSlack + std::min(steady_use(), kMaxSteadySlack));
}

std::uint64_t Regret::slack_at(std::uint64_t in_use) const {
  const bool is_steady = is_steady_.load(std::memory_order_relaxed) && !has_fallen(in_use);
  return is_steady ? slack() : std::min(slack(), common_slack(in_use));
}

bool Regret::has_fallen(std::uint64_t in_use) const { return in_use < fallen_below_.load(std::memory_order_relaxed); }

std::uint64_t Regret::reach() const { return rest(most(), slack()); }

void Regret::begin(std::uint64_t time) {
  if (time == 0) return;
  begin_ = time;
  is_new_.store(true, std::memory_order_relaxed);
  slack_.store(kMaxSlack, std::memory_order_relaxed);
}

bool Regret::is_past(std::uint64_t time) const { return is_new() && time - begin_ >= kFirstMoments; }

void Regret::look(const PageTraffic& now) {
  const std::uint64_t span = now.time - last_.time;
  if (now.time == 0) return;
  if (begin_ == 0) begin_ = now.time;
  if (is_past(now.time)) {
    is_new_.store(false, std::memory_order_relaxed);
    slack_.store(0, std::memory_order_relaxed);
  }
  if (span < (now.time - begin_ < kYouth ? kYoungWindow : kWindow)) return;
  const std::uint64_t missed = (now.missed - last_.missed) * kPageCost, saved = (now.reused - last_.reused) * kPageCost;
  const std::uint64_t calls = now.has_threads ? (now.calls - last_.calls) * kCallCost : 0, lost = missed + calls;
  if (last_.time != 0) judge(lost, saved, span);
  note_use(now.in_use);
  last_ = now;
  std::uint64_t slack = std::min(this->slack(), most());
  if (steady_use() != 0) slack = std::max(slack, most() >> halvings_);
  is_steady_.store(steady_use() != 0, std::memory_order_relaxed);
  fallen_below_.store(mean_ * kFallenPart / kFallenWhole, std::memory_order_relaxed);
  if (slack < kMinSlack) {
    slack = 0;
    halvings_ = kNever;
  }
  slack_.store(slack, std::memory_order_relaxed);
}

void Regret::note_use(std::uint64_t in_use) {
  if (last_.time == 0) low_ = mean_ = in_use;
  low_ = std::min(in_use, low_ + low_ / kForgotten);
  high_ = std::max(in_use, high_ - high_ / kForgotten);
  mean_ += in_use / kForgotten - mean_ / kForgotten;
}

// `lost` and `saved` are nanoseconds of `span`.
void Regret::judge(std::uint64_t lost, std::uint64_t saved, std::uint64_t span) {
  if (lost > span / kMuch) {
    if (++hot_ < kHotWindows) return;
    halvings_ = 0;
    slack_.store(most(), std::memory_order_relaxed);
    return;
  }
  hot_ = 0;
  if (lost + saved >= span / kLittle) return;
  slack_.store(slack() / 2, std::memory_order_relaxed);
  if (halvings_ < kNever) ++halvings_;
}

}  // namespace neap
