#include "misuse/objects.h"

#include <fcntl.h>
#include <unistd.h>

#include "misuse/memory.h"

namespace neap::misuse {

std::atomic<Entry*> regions[kRegions];

namespace {

constexpr std::size_t kRegionBytes = kInRegion * sizeof(Entry), kPage = 4096, kInPage = kPage / sizeof(Entry);
constexpr std::uint32_t kMaxOpened = 4096;
constinit std::atomic<std::uint32_t> opened{0};
std::atomic<Entry*> opened_at[kMaxOpened];

constexpr std::uint64_t kFarBelow = 64 << 20, kFarAbove = 256 << 10;  // bytes within which an object is looked for

std::uint64_t address_of(std::size_t region, std::size_t index) {
  return static_cast<std::uint64_t>(region) << kRegionShift | static_cast<std::uint64_t>(index) << kGranuleShift;
}

// Pages of a region that nothing was written to are not looked at.
class TouchedPages {
 public:
  explicit TouchedPages(const Entry* region)
      : first_(reinterpret_cast<std::uint64_t>(region) / kPage),
        file_(open("/proc/thread-self/pagemap", O_RDONLY | O_CLOEXEC)) {}
  TouchedPages(const TouchedPages&) = delete;
  TouchedPages& operator=(const TouchedPages&) = delete;
  ~TouchedPages() {
    if (file_ >= 0) close(file_);
  }
  bool is_touched(std::size_t page) {
    if (file_ < 0) return true;
    if (page / kAtOnce != read_) {
      read_ = page / kAtOnce;
      const auto at = static_cast<off_t>((first_ + read_ * kAtOnce) * sizeof *flags_);
      if (pread(file_, flags_, sizeof flags_, at) != static_cast<ssize_t>(sizeof flags_)) return true;
    }
    return flags_[page % kAtOnce] >> 62 != 0;  // present, or swapped
  }

 private:
  static constexpr std::size_t kAtOnce = 512;
  std::uint64_t first_;
  int file_;
  std::size_t read_ = SIZE_MAX;
  std::uint64_t flags_[kAtOnce];
};

}  // namespace

Known Entry::read(std::uint64_t begin) const {
  const std::uint64_t first = first_.load(std::memory_order_relaxed), later = later_.load(std::memory_order_relaxed);
  if (first == 0) return {};
  return {begin,
          first >> 24,
          static_cast<Call>(first & 15),
          static_cast<Call>(later >> 60),
          static_cast<std::uint32_t>(later & kMaxThread),
          static_cast<std::uint32_t>(later >> 16 & kMaxThread),
          static_cast<StackNumber>(first >> 4 & ((1u << kStackBits) - 1)),
          static_cast<StackNumber>(later >> 32 & ((1u << kStackBits) - 1))};
}

Entry* make_entry(std::uint64_t address) {
  if (Entry* const known = find_entry(address)) return known;
  if (address >> 47 != 0 || address % (1 << kGranuleShift) != 0) return nullptr;
  void* const fresh = take_memory(kRegionBytes);
  if (fresh == nullptr) return nullptr;
  madvise(fresh, kRegionBytes, MADV_NOHUGEPAGE);
  Entry* none = nullptr;
  if (!regions[address >> kRegionShift].compare_exchange_strong(none, static_cast<Entry*>(fresh))) {
    munmap(fresh, kRegionBytes);
  } else if (const std::uint32_t place = opened.fetch_add(1); place < kMaxOpened) {
    opened_at[place] = static_cast<Entry*>(fresh);
  }
  return find_entry(address);
}

// The search ends at the first live object, because none below it can hold the address. It goes on past an object that
// was freed, because its place may have been used again since.
Known object_below(std::uint64_t address) {
  Known freed;
  for (std::uint64_t at = address & ~std::uint64_t{15}, least = at > kFarBelow ? at - kFarBelow : 16; at >= least;
       at -= 16) {
    const Entry* const entry = find_entry(at);
    if (entry == nullptr) {
      at &= ~((std::uint64_t{1} << kRegionShift) - 1);  // there is nothing in that region
      continue;
    }
    if (!entry->is_used()) continue;
    const Known object = entry->read(at);
    if (object.is_live()) return object.holds(address) || !freed.holds(address) ? object : freed;
    if (freed.begin == 0 || (object.holds(address) && !freed.holds(address))) freed = object;
  }
  return freed;
}

Known object_above(std::uint64_t address) {
  for (std::uint64_t at = (address | 15) + 1; at - address < kFarAbove; at += 16) {
    const Entry* const entry = find_entry(at);
    if (entry != nullptr && entry->is_used()) return entry->read(at);
  }
  return {};
}

void each_live(void (*fn)(const Known&, void*), void* with) {
  for (std::size_t r = 0; r < kRegions; ++r) {
    const Entry* const region = regions[r].load(std::memory_order_acquire);
    if (region == nullptr) continue;
    TouchedPages touched(region);
    for (std::size_t page = 0; page < kInRegion / kInPage; ++page) {
      if (!touched.is_touched(page)) continue;
      for (std::size_t i = page * kInPage; i < (page + 1) * kInPage; ++i) {
        if (region[i].is_live()) fn(region[i].read(address_of(r, i)), with);
      }
    }
  }
}

bool is_own_memory(std::uint64_t address) {
  const std::uint32_t count = opened.load() < kMaxOpened ? opened.load() : kMaxOpened;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (address - reinterpret_cast<std::uint64_t>(opened_at[i].load()) < kRegionBytes) return true;
  }
  return false;
}

}  // namespace neap::misuse
