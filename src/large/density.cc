#include "large/density.h"

#include <algorithm>

#include "os/os.h"

namespace neap {
namespace {

// A look asks the system about at most this many parts of an object, by one call each.
constexpr std::size_t kMaxLooks = 32;

// An object counts as written whole from 7/8 of its pages on.
constexpr std::size_t kDenseEighths = 7;
constexpr bool is_dense(std::size_t written, std::size_t of) { return of != 0 && written * 8 >= of * kDenseEighths; }

// Nothing is learned from an object that had more than 7/8 of its pages when it began. For huge pages, which are laid
// where an object is touched, only an object that had at most an eighth of them tells anything.
constexpr std::size_t kMaxHad = 8, kFewHad = 8;

// Counts of pages: in the parts that were looked at, in those of them that were touched at all, and written ones.
struct Look {
  std::size_t looked = 0, touched = 0, written = 0;
};

// Looks at some parts of an object. False where the system does not tell.
bool look_at(char* begin, std::size_t pages, Look& look) {
  const std::size_t parts = (pages + kPagesPerHugePage - 1) / kPagesPerHugePage;
  const std::size_t step = (parts + kMaxLooks - 1) / kMaxLooks * kPagesPerHugePage;
  for (std::size_t at = 0; at < pages; at += step) {
    const std::size_t part = std::min(pages - at, kPagesPerHugePage);
    unsigned char pages_written[kPagesPerHugePage];
    if (!os::which_written(begin + at * kPageSize, part, pages_written)) return false;
    std::size_t here = 0;
    for (std::size_t page = 0; page < part; ++page) here += pages_written[page] & 1;
    look.looked += part;
    look.touched += here != 0 ? part : 0;
    look.written += here;
  }
  return true;
}

}  // namespace

Density::Like Density::like(std::size_t pages) {
  if (pages < kMinPages) return {};
  Size& size = size_of(pages);
  const std::uint8_t turn = size.turn.load(std::memory_order_relaxed);
  size.turn.store(static_cast<std::uint8_t>(turn + 1), std::memory_order_relaxed);
  return {turn % kLookEvery != 0 && size.dense.load(std::memory_order_relaxed) == kSure,
          turn % kLookAtWholeEvery != 0 && size.whole.load(std::memory_order_relaxed) == kCertain};
}

void Density::learn(char* begin, std::size_t pages, std::size_t had) {
  if (pages < kMinPages || had > pages - pages / kMaxHad) return;
  Size& size = size_of(pages);
  const bool hopeless = size.dense.load(std::memory_order_relaxed) == -kSure;
  if (hopeless && size.turn.load(std::memory_order_relaxed) % kLookEvery != 0) return;
  Look look;
  if (!look_at(begin, pages, look) || look.looked <= had) return;
  const std::size_t written = rest(look.written, had);
  note(size.whole, is_dense(written, rest(look.looked, had)), kCertain);
  if (had <= pages / kFewHad) note(size.dense, is_dense(written, rest(look.touched, had)), kSure);
}

void Density::note(Score& score, bool yes, std::int8_t most) {
  const std::int8_t old = score.load(std::memory_order_relaxed);
  const int step = yes ? std::max<int>(old, 0) + 1 : std::min<int>(old, 0) - 1;
  score.store(static_cast<std::int8_t>(std::clamp<int>(step, -kSure, most)), std::memory_order_relaxed);
}

}  // namespace neap
