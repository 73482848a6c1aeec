// The objects of the program: two words for each, at a place that its address tells. So no object costs a search, two
// objects that lie side by side have their words side by side, and what lies around an address is found by a walk.
//
// An entry stays when its object ends, until another object begins at the same address: then it tells of one that was
// freed.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "format/misuse_log.h"
#include "misuse/depot.h"

namespace neap::misuse {

struct Known {
  std::uint64_t begin = 0, size = 0;  // begin 0: there is none
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
  // Its begin stays as it is.
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
  std::atomic<std::uint64_t> first_, later_;  // size, made, by whom; ended by whom, there, threads
};
static_assert(sizeof(Entry) == 16);

inline constexpr unsigned kRegionShift = 30, kGranuleShift = 4;
inline constexpr std::size_t kRegions = std::size_t{1} << (47 - kRegionShift);
inline constexpr std::size_t kInRegion = std::size_t{1} << (kRegionShift - kGranuleShift);

extern std::atomic<Entry*> regions[kRegions];

// Of the object that begins there; null when none can.
inline Entry* find_entry(std::uint64_t address) {
  if (address >> 47 != 0 || address % (1 << kGranuleShift) != 0) return nullptr;
  Entry* const region = regions[address >> kRegionShift].load(std::memory_order_acquire);
  return region == nullptr ? nullptr : region + (address >> kGranuleShift & (kInRegion - 1));
}
// The same, for one that begins; null when memory is out.
Entry* make_entry(std::uint64_t address);

// The nearest object that begins at or below, and above, an address; a live one before others where they overlap.
Known object_below(std::uint64_t address);
Known object_above(std::uint64_t address);

// fn(Known) for all live ones, in the order of their addresses.
void each_live(void (*fn)(const Known&, void*), void* with);
// Whether what lies there is the checker's own.
bool is_own_memory(std::uint64_t address);

}  // namespace neap::misuse
