// Stacks: freed objects of up to 8 KiB at hand, in a small stack of pointers for each size class. A set of stacks
// belongs to one thread, which pops and pushes by plain loads and stores, or to a CPU, whose threads do so by
// restartable sequences. Both lie in memory as os/rseq.h says: each stack has a head, and a null slot below its first
// one, so that a pop of an empty stack reads null. Stacks start with capacity 0 and grow on demand from a budget of
// bytes.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "bins/limbo.h"
#include "os/rseq.h"
#include "sizes/size_class.h"

namespace neap {

inline constexpr std::uint32_t kSlotBytes = sizeof(void*);

// Objects above this size are cached one by one as they are freed, and never fetched ahead.
inline constexpr std::size_t kLargestBatched = 1 << 10;

// How many neighbouring objects fill whole cache lines between them; 1 where an object has most of a line to itself.
inline constexpr std::array<std::uint8_t, kCachedClasses> kObjectsPerLines = [] {
  std::array<std::uint8_t, kCachedClasses> lots{};
  for (std::size_t c = 0; c < kCachedClasses; ++c) {
    const std::uint32_t size = class_size(c);
    lots[c] = static_cast<std::uint8_t>(size >= kCacheLine ? 1 : std::lcm(size, std::uint32_t{kCacheLine}) / size);
  }
  return lots;
}();

// How many slots the stacks have.
struct Shape {
  std::array<std::uint16_t, kCachedClasses + 1> begin;  // where each class's null slot lies; the last is the sum
  constexpr std::uint32_t max_capacity(std::size_t c) const { return begin[c + 1] - begin[c] - 1u; }
};

// How many slots the stack of a class has: enough for 16 KiB of objects, but 32 to 128 where objects are fetched ahead,
// and at least 2 where they are not.
constexpr std::uint32_t slots_for(std::size_t c) {
  const std::uint32_t size = class_size(c), fit = (16 << 10) / size, least = size > kLargestBatched ? 2 : 32;
  return fit < least ? least : fit > 128 ? 128 : fit;
}

// A shape that has stacks for the classes from `first` up to, but not including, `end`.
constexpr Shape make_shape(std::size_t first, std::size_t end) {
  Shape shape{};
  for (std::size_t c = 0; c < kCachedClasses; ++c) {
    const std::uint32_t slots = c < first || c >= end ? 0 : slots_for(c);
    shape.begin[c + 1] = static_cast<std::uint16_t>(shape.begin[c] + 1 + slots);
  }
  return shape;
}

// Threads that share a CPU's stacks keep objects below a cache line to themselves: from one stack two threads would get
// neighbours in a line, and write to it on different CPUs once one of them has moved.
inline constexpr std::size_t kClassesBelowLine = static_cast<std::size_t>(class_of(kCacheLine));
inline constexpr Shape kThreadShape = make_shape(0, kCachedClasses);
inline constexpr Shape kSharingThreadShape = make_shape(0, kClassesBelowLine);
inline constexpr Shape kCpuShape = make_shape(kClassesBelowLine, kCachedClasses);

inline constexpr std::uint32_t kMaxInStack = [] {
  std::uint32_t most = 0;
  for (std::size_t c = 0; c < kCachedClasses; ++c) most = slots_for(c) > most ? slots_for(c) : most;
  return most;
}();

// Capacity moves between stacks on every so many wishes: a program that uses more sizes than fit in the budget would
// otherwise spend a fifth of its time in moving it to and fro.
inline constexpr std::uint32_t kStealEvery = 16;

struct Stacks {
  using Half [[gnu::may_alias]] = std::uint32_t;

  std::array<std::atomic<std::uint64_t>, kCachedClasses> heads;
  std::atomic<const Shape*> shape;         // of a CPU's: null until it has memory; set under the registry's lock
  std::atomic<std::int64_t> granted;       // bytes of objects that the stacks may have capacity for
  std::atomic<std::int64_t> budget;        // of them not given out as capacity
  std::atomic<std::uint32_t> next_victim;  // the class that gives capacity up next
  std::atomic<std::uint32_t> starved;      // how often a stack wanted more than the budget had
  std::atomic<std::uint32_t> looks;        // of shed_idle, ever
  std::atomic<std::uint32_t> last_look;    // the heap event (low 32 bits)
  std::array<std::atomic<std::uint16_t>, kCachedClasses> least;  // objects that a stack had at a look, since it shed
  // (The slots lie behind. Null ones are never written.)

  static constexpr std::size_t bytes(const Shape& shape) {
    return sizeof(Stacks) + shape.begin[kCachedClasses] * std::size_t{kSlotBytes};
  }
  static constexpr std::uint64_t head(std::uint64_t top, std::uint64_t limit) { return limit << 32 | top; }

  // The two halves of a head, which are offsets. Only for stacks that the calling thread alone uses.
  Half& top(std::size_t c) { return reinterpret_cast<Half*>(&heads[c])[kLow]; }
  Half& limit(std::size_t c) { return reinterpret_cast<Half*>(&heads[c])[1 - kLow]; }
  void*& slot(std::uint32_t offset) { return *reinterpret_cast<void**>(reinterpret_cast<char*>(this) + offset); }

  std::uint32_t bottom(std::size_t c) const {
    const Shape& now = *shape.load(std::memory_order_relaxed);
    return static_cast<std::uint32_t>(sizeof(Stacks) + (now.begin[c] + std::size_t{1}) * kSlotBytes);
  }

  // The first class that these stacks have slots for.
  std::size_t first_class() const {
    return shape.load(std::memory_order_relaxed) == &kCpuShape ? kClassesBelowLine : 0;
  }

  // How many objects stack c has, as it looks to anybody; 0 while somebody works on a CPU's.
  std::uint32_t count(std::size_t c) const {
    const std::uint64_t now = heads[c].load(std::memory_order_relaxed);
    return now == 0 ? 0 : (static_cast<std::uint32_t>(now) - bottom(c)) / kSlotBytes;
  }

  // Whether a stack should look for capacity for objects of `size`: when the budget has some, or when it is time to
  // take it from other classes.
  bool may_grow(std::uint32_t size) {
    if (budget.load(std::memory_order_relaxed) >= size) return true;
    const std::uint32_t wishes = starved.load(std::memory_order_relaxed) + 1;  // threads may lose one another's
    starved.store(wishes, std::memory_order_relaxed);
    return wishes % kStealEvery == 0;
  }

  // Makes all stacks empty, with a budget of `allowed` bytes to grow from. The null slots stay as they are.
  void reset(const Shape& new_shape, std::uint64_t allowed) {
    shape.store(&new_shape, std::memory_order_release);
    granted.store(static_cast<std::int64_t>(allowed), std::memory_order_relaxed);
    budget.store(static_cast<std::int64_t>(allowed), std::memory_order_relaxed);
    for (std::size_t c = 0; c < kCachedClasses; ++c) {
      least[c].store(0, std::memory_order_relaxed);
      heads[c].store(head(bottom(c), bottom(c)), std::memory_order_release);
    }
  }

 private:
  static constexpr std::size_t kLow = std::endian::native == std::endian::little ? 0 : 1;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && sizeof(std::atomic<std::uint64_t>) == 8);

// One stack in the hands of the thread that works on it: its own stack, or a CPU's that was claimed until end(). False
// when it could not be had.
struct Stack {
  Stacks* stacks;
  std::size_t c;
  std::uint32_t bottom, top, limit;

  static Stack of(Stacks& stacks, std::size_t c) {
    return of(stacks, c, stacks.heads[c].load(std::memory_order_acquire));
  }
  static Stack of(Stacks& stacks, std::size_t c, std::uint64_t head) {
    return {&stacks, c, stacks.bottom(c), static_cast<std::uint32_t>(head), static_cast<std::uint32_t>(head >> 32)};
  }

  explicit operator bool() const { return bottom != 0; }
  // Whether it is a CPU's.
  bool is_claimed() const { return stacks->shape.load(std::memory_order_relaxed) == &kCpuShape; }
  void** objects() const { return &stacks->slot(bottom); }  // oldest first
  std::uint32_t count() const { return (top - bottom) / kSlotBytes; }
  std::uint32_t capacity() const { return (limit - bottom) / kSlotBytes; }
  std::uint32_t max_capacity() const { return stacks->shape.load(std::memory_order_relaxed)->max_capacity(c); }
  bool is_full() const { return top == limit; }
  void push(void* object) {  // one that has entered limbo
    stacks->slot(top) = object;
    top += kSlotBytes;
  }
  void* pop() {
    top -= kSlotBytes;
    Limbo::leave(stacks->slot(top));
    return stacks->slot(top);
  }
  void set_count(std::uint32_t objects) { top = bottom + objects * kSlotBytes; }
  void set_capacity(std::uint32_t slots) { limit = bottom + slots * kSlotBytes; }
  void end() const { stacks->heads[c].store(Stacks::head(top, limit), std::memory_order_release); }
};

}  // namespace neap
