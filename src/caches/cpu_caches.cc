#include "caches/cpu_caches.h"

#include "base/units.h"
#include "os/guarded.h"

namespace neap {

bool CpuCaches::open() {
  if (tried_) return marked_ != nullptr;
  tried_ = true;
  const std::size_t below = os::page_size;  // a null word lies below the first stacks, too
  const std::size_t bound = os::cpu_bound(), size = below + round_up(bound << rseq::kShift, os::page_size);
  if (bound == 0) return false;
  char* region = static_cast<char*>(os::reserve_guarded(size));
  if (region == nullptr) return false;
  if (!os::make_readable(region, size)) {
    os::unreserve_guarded(region, size);
    return false;
  }
  bound_ = bound;
  marked_ = region + below + rseq::kMark;
  return true;
}

// A system page may hold stacks of other CPUs too, which are unused and stay zeros.
bool CpuCaches::begin(Stacks& stacks, std::uint64_t bytes) {
  const std::uintptr_t first = address_of(&stacks) & ~(os::page_size - 1);
  const std::uintptr_t end = round_up(address_of(&stacks) + Stacks::bytes(kCpuShape), os::page_size);
  if (!os::commit(pointer_to(first), end - first)) return false;
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
