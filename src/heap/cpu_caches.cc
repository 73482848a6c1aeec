#include "heap/cpu_caches.h"

#include "base/units.h"
#include "os/os.h"

namespace neap {
namespace {

// A null word lies below the first stacks, too.
constexpr std::size_t kBelowFirst = kPageSize;

}  // namespace

bool CpuCaches::open() {
  if (tried_) return marked_ != nullptr;
  tried_ = true;
  const std::size_t bound = os::cpu_bound(), size = kBelowFirst + (bound << rseq::kShift);
  if (bound == 0) return false;
  char* region = static_cast<char*>(os::reserve(size, kPageSize));
  if (region == nullptr) return false;
  if (!os::make_readable(region, size)) {
    os::unreserve(region, size);
    return false;
  }
  bound_ = bound;
  marked_ = region + kBelowFirst + rseq::kMark;
  return true;
}

bool CpuCaches::begin(Stacks& stacks, std::uint64_t bytes) {
  if (!os::commit(&stacks, round_up(Stacks::bytes(kCpuShape), kPageSize))) return false;
  stacks.reset(kCpuShape, bytes);
  begun_.store(begun() + 1, std::memory_order_relaxed);
  return true;
}

Stack CpuCaches::claim(std::size_t c, Stacks* only) const {
  const char* mark = only != nullptr ? reinterpret_cast<char*>(only) + rseq::kMark : nullptr;
  const rseq::Claimed got = rseq::claim(marked_, c, mark);
  Stacks* stacks = reinterpret_cast<Stacks*>(got.stacks);
  return got.head == 0 ? Stack{stacks, c, 0, 0, 0} : Stack::of(*stacks, c, got.head);
}

}  // namespace neap
