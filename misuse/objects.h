// The objects of the program. Each has an entry of two words, at a place that is computed from the object's address. So
// finding an entry costs no search, neighbouring objects have neighbouring entries, and a walk from an address finds
// the objects around it.
//
// An entry outlives its object, and tells of a freed one, until another object begins at the same address.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "format/misuse_log.h"
#include "misuse/depot.h"

namespace neap::misuse {

struct Known {
  std::uint64_t begin = 0, size = 0;  // begin is 0 when there is no object
  Call made_by = Call::none, ended_by = Call::none;
  std::uint32_t made_in = 0, ended_in = 0;
  StackNumber made = 0, ended = 0;

  bool is_live() const { return ended_by == Call::none; }
  bool holds(std::uint64_t address) const { return address - begin < (size == 0 ? 1 : size); }
};

class Entry {
 public:
  void begin(std::uint64_t size, Call by, StackNumber stack, std::uint32_t thread) {
    later_.store(std::uint64_t{thread & kMaxThread}, std::memory_order_relaxed);
    first_.store(size << 24 | std::uint64_t{stack} << 4 | static_cast<std::uint64_t>(by), std::memory_order_relaxed);
  }
  // Keeps what begin() stored.
  void end(Call by, StackNumber stack, std::uint32_t thread) {
    later_.store((later_.load(std::memory_order_relaxed) & kMaxThread) | std::uint64_t{thread & kMaxThread} << 16 |
                     std::uint64_t{stack} << 32 | static_cast<std::uint64_t>(by) << 60,
                 std::memory_order_relaxed);
  }
  void live_on() { later_.fetch_and(kMaxThread, std::memory_order_relaxed); }
  bool is_used() const { return first_.load(std::memory_order_relaxed) != 0; }
  bool is_live() const { return is_used() && later_.load(std::memory_order_relaxed) >> 60 == 0; }
  Call made_by() const { return static_cast<Call>(first_.load(std::memory_order_relaxed) & 15); }
  std::uint64_t size() const { return first_.load(std::memory_order_relaxed) >> 24; }
  Known read(std::uint64_t begin) const;

 private:
  static constexpr std::uint32_t kMaxThread = 0xffff;
  // first_: the size, the stack that made the object, and the call. later_: the call that ended it, its stack, and the
  // numbers of both threads.
  std::atomic<std::uint64_t> first_, later_;
};
static_assert(sizeof(Entry) == 16);

inline constexpr unsigned kRegionShift = 30, kGranuleShift = 4;
inline constexpr std::size_t kRegions = std::size_t{1} << (47 - kRegionShift);
inline constexpr std::size_t kInRegion = std::size_t{1} << (kRegionShift - kGranuleShift);

extern std::atomic<Entry*> regions[kRegions];

// The entry of an object that begins at the address; null when no object has begun in that region, or none can there.
inline Entry* find_entry(std::uint64_t address) {
  if (address >> 47 != 0 || address % (1 << kGranuleShift) != 0) return nullptr;
  Entry* const region = regions[address >> kRegionShift].load(std::memory_order_acquire);
  return region == nullptr ? nullptr : region + (address >> kGranuleShift & (kInRegion - 1));
}
// The same for an object that is about to begin: makes the region's entries where there are none. Null when memory is
// out.
Entry* make_entry(std::uint64_t address);

// The nearest object that begins at or below the address, and the nearest above it. Where objects overlap, a live one
// is preferred to one that has ended.
Known object_below(std::uint64_t address);
Known object_above(std::uint64_t address);

// Calls fn(Known) for every live object, in the order of addresses.
void each_live(void (*fn)(const Known&, void*), void* with);
// Whether the memory at the address is the checker's own.
bool is_own_memory(std::uint64_t address);

}  // namespace neap::misuse
