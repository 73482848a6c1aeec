#include "heap/density.h"

#include "os/os.h"

namespace neap {
namespace {

// A look costs a system call for each of at most this many parts of an object.
constexpr std::size_t kMostLooks = 32;

// Dense: 7/8 of the pages in those 2 MiB parts that were touched at all. An object of which only the beginning is used
// counts, huge pages are only laid where it is touched.
constexpr std::size_t kDenseEighths = 7;

enum class Look : std::uint8_t { refused, sparse, dense };

Look look_at(char* begin, std::size_t pages) {
  const std::size_t parts = pages / kPagesPerHugePage, step = (parts + kMostLooks - 1) / kMostLooks;
  std::size_t touched = 0, written = 0;
  for (std::size_t part = 0; part < parts; part += step) {
    unsigned char pages_written[kPagesPerHugePage];
    if (!os::which_written(begin + part * kHugePageSize, kPagesPerHugePage, pages_written)) return Look::refused;
    std::size_t here = 0;
    for (const unsigned char page : pages_written) here += page & 1;
    written += here;
    touched += here != 0 ? kPagesPerHugePage : 0;
  }
  return touched != 0 && written * 8 >= touched * kDenseEighths ? Look::dense : Look::sparse;
}

}  // namespace

void Density::learn(char* begin, std::size_t pages) {
  Size& size = size_of(pages);
  const std::int8_t score = size.score.load(std::memory_order_relaxed);
  if (score == -kSure && size.turn.load(std::memory_order_relaxed) % kLookEvery != 0) return;
  switch (look_at(begin, pages)) {
    case Look::refused:
      return;
    case Look::dense:
      size.score.store(score < 0       ? 1
                       : score < kSure ? static_cast<std::int8_t>(score + 1)
                                       : kSure,
                       std::memory_order_relaxed);
      return;
    case Look::sparse:
      size.score.store(score > 0        ? -1
                       : score > -kSure ? static_cast<std::int8_t>(score - 1)
                                        : -kSure,
                       std::memory_order_relaxed);
  }
}

}  // namespace neap
