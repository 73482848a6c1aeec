#include "heap/cpu_row.h"

#include "base/units.h"
#include "os/os.h"

namespace neap {
namespace {

// A null word lies below the first row, too.
constexpr std::size_t kBelowFirst = kPageSize;
constexpr std::size_t kRowBytes = std::size_t{1} << rseq::kRowShift;

}  // namespace

bool CpuRows::open() {
  if (tried_) return rows_ != nullptr;
  tried_ = true;
  const std::size_t bound = os::cpu_bound(), size = kBelowFirst + bound * kRowBytes;
  if (bound == 0) return false;
  char* region = static_cast<char*>(os::reserve(size, kPageSize));
  if (region == nullptr) return false;
  if (!os::make_readable(region, size)) {
    os::unreserve(region, size);
    return false;
  }
  os::forbid_huge_pages(region, size);
  bound_ = bound;
  rows_ = region + kBelowFirst + rseq::kMark;
  return true;
}

bool CpuRows::begin(CpuRow& row, std::uint64_t bytes) {
  if (!os::commit(&row, round_up(sizeof(CpuRow), kPageSize))) return false;
  row.reset(bytes);
  row.state.store(CpuRow::ready, std::memory_order_release);
  begun_.store(begun() + 1, std::memory_order_relaxed);
  return true;
}

Claim CpuRows::claim(std::size_t c, CpuRow* only) const {
  const char* mark = only != nullptr ? reinterpret_cast<char*>(only) + rseq::kMark : nullptr;
  const rseq::Claimed got = rseq::claim(rows_, c, mark);
  CpuRow* row = reinterpret_cast<CpuRow*>(got.row);
  if (got.head == 0) return {row, c, 0, 0, 0};
  return {row, c, row->bottom(c), static_cast<std::uint32_t>(got.head), static_cast<std::uint32_t>(got.head >> 32)};
}

}  // namespace neap
