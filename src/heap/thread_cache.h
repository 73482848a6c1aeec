// ThreadCache: the freed objects of up to 8 KiB that one thread keeps at hand: per class a small stack of pointers.
// Only its thread touches it. malloc pops, free pushes; neither takes a lock, uses an atomic or tests whether the heap
// was started: a thread without a cache points to an empty one of capacity zero, so its first call takes the slow path
// by itself.
//
// Each stack lies above a null slot, so that "empty" is what the pop reads. Stacks start with no room and grow on
// demand from a budget of bytes (Options::cache_bytes); when it is spent, room is taken from the others in turn.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sizes/size_class.h"

namespace neap {

struct CacheBin {
  void** top;    // one past the newest object
  void** limit;  // `top` may not pass it
};

// Larger objects are cached one by one as they are freed, never fetched ahead.
inline constexpr std::size_t kLargestBatched = 1 << 10;

// Slots of a class: 32 for small objects, fewer where 4 KiB hold fewer, at least 8; 2 for those that come one by one.
inline constexpr std::array<std::uint8_t, kCachedClasses> kMostCached = [] {
  std::array<std::uint8_t, kCachedClasses> most{};
  for (std::size_t c = 0; c < kCachedClasses; ++c) {
    const std::uint32_t size = class_size(c), fit = 4096 / size;
    most[c] = static_cast<std::uint8_t>(size > kLargestBatched ? 2 : fit > 32 ? 32 : fit < 8 ? 8 : fit);
  }
  return most;
}();

// Where each class's null slot lies; the last entry is the number of all slots.
inline constexpr std::array<std::uint16_t, kCachedClasses + 1> kSlotBegin = [] {
  std::array<std::uint16_t, kCachedClasses + 1> begin{};
  for (std::size_t c = 0; c < kCachedClasses; ++c) {
    begin[c + 1] = static_cast<std::uint16_t>(begin[c] + 1 + kMostCached[c]);
  }
  return begin;
}();

// Frees of one thread that may not enter its cache, kept until a batch of them is worth its locks and the look at
// bitmaps that lie far.
struct Stash {
  static constexpr std::uint32_t kRoom = 32;
  static constexpr std::uint32_t kMostBytes = 4 << 10;
  std::uint32_t count, bytes;
  void* objects[kRoom];
  std::uint8_t classes[kRoom];
};

// What the fast paths see of a cache. A thread without a cache points to one whose stacks are empty and have no room.
struct CacheFront {
  std::array<CacheBin, kCachedClasses> bins;
};

struct ThreadCache : CacheFront {
  static constexpr std::uint32_t kMuchTaken = 256;

  std::uint64_t granted;  // bytes of objects that the stacks may have room for
  std::uint64_t budget;   // of them not given out as room
  std::uint32_t events;   // heap events not yet added to the process's clock
  std::uint32_t next_victim;
  std::uint32_t surplus;         // objects taken beyond those given back, to a limit
  std::uint32_t starved;         // how often a stack wanted room that the budget had not
  ThreadCache *next, *previous;  // in the registry: in use, or the free ones by `next`
  bool shares_rows;              // its stacks are those of the CPUs (cpu_row.h): it has no slots
  Stash stash;
  void* slots[kSlotBegin[kCachedClasses]];

  void** bottom(std::size_t c) { return slots + kSlotBegin[c] + 1; }
  std::uint32_t count(std::size_t c) { return static_cast<std::uint32_t>(bins[c].top - bottom(c)); }
  std::uint32_t room(std::size_t c) { return static_cast<std::uint32_t>(bins[c].limit - bottom(c)); }

  void count_taken(std::uint32_t objects) {
    if (surplus < 2 * kMuchTaken) surplus += objects;
  }
  void count_given(std::uint32_t objects) { surplus = surplus > objects ? surplus - objects : 0; }
  // A heap that grows, or a thread whose objects others free: its stacks are filled whole.
  bool mostly_takes() const { return surplus > kMuchTaken; }

  static constexpr std::size_t bytes(bool with_slots) {
    return round_up(sizeof(ThreadCache) - (with_slots ? 0 : sizeof slots), 64);
  }

  void reset(std::uint64_t bytes, bool shares) {
    shares_rows = shares;
    granted = budget = bytes;
    events = next_victim = starved = surplus = 0;
    stash.count = stash.bytes = 0;
    if (shares) return;
    for (std::size_t c = 0; c < kCachedClasses; ++c) {
      bottom(c)[-1] = nullptr;
      bins[c] = {bottom(c), bottom(c)};
    }
  }
};

}  // namespace neap
