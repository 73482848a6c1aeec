// ThreadCache: what one thread keeps at hand. malloc pops from its stacks and free pushes. Neither takes a lock, uses
// an atomic read-modify-write or tests whether the heap was started: a thread without a cache points to stacks of
// capacity 0, so its first call takes the slow path by itself.
#pragma once

#include <cstddef>
#include <cstdint>

#include "caches/stacks.h"

namespace neap {

// Frees of one thread that may not enter its cache, kept until a batch of them is worth its locks and the look at
// bitmaps that lie far.
struct Stash {
  static constexpr std::uint32_t kCapacity = 32;
  static constexpr std::uint32_t kMaxBytes = 4 << 10;
  std::uint32_t count, bytes;
  void* objects[kCapacity];
  std::uint8_t classes[kCapacity];
};

struct ThreadCache {
  static constexpr std::uint32_t kMuchTaken = 256;

  void* shared;                  // the CPUs' stacks (marked, os/rseq.h) where the thread uses them; otherwise null
  std::uint32_t events;          // heap events not yet added to the process's clock
  std::uint32_t surplus;         // objects taken beyond those given back, to a limit
  std::uint32_t freed_mixed;     // bytes of objects of mixed blocks that no class was told of yet
  void* big;                     // the object freed last that is larger than those in stacks; or null
  std::uint8_t big_class;        // its class
  std::uint8_t owner;            // whose bins it takes from
  ThreadCache *next, *previous;  // in the registry: in use, or the free ones by `next`
  Stash stash;
  Stacks own;  // the last: its slots lie behind

  bool shares() const { return shared != nullptr; }
  bool owns(std::size_t c) const { return !shares() || c < kClassesBelowLine; }
  // The address of its own stacks as restartable sections take it, with the mark.
  void* marked_own() { return reinterpret_cast<char*>(&own) + rseq::kMark; }
  Stack own_stack(std::size_t c) { return Stack::of(own, c); }

  // Pushes an object with its key onto stack c, the thread's own or the CPU's. False when the stack is full.
  bool push(std::size_t c, void* object, std::uint64_t key) {
    if (shares()) return rseq::push<kClassesBelowLine>(shared, marked_own(), c, object, key);
    Stacks::Half& top = own.top(c);
    if (top == own.limit(c)) return false;
    Limbo::enter(object, key);
    own.slot(top) = object;
    top += kSlotBytes;
    return true;
  }

  void count_taken(std::uint32_t objects) {
    if (surplus < 2 * kMuchTaken) surplus += objects;
  }
  void count_given(std::uint32_t objects) { surplus = surplus > objects ? surplus - objects : 0; }
  // True where the heap grows, or where other threads free what this one takes: then stacks are filled whole.
  bool mostly_takes() const { return surplus > kMuchTaken; }

  static constexpr const Shape& shape(bool shares) { return shares ? kSharingThreadShape : kThreadShape; }
  static constexpr std::size_t bytes(bool shares) {
    return round_up(sizeof(ThreadCache) - sizeof(Stacks) + Stacks::bytes(shape(shares)), kCacheLine);
  }

  // Makes it an empty cache, on memory that is zero or was a cache of the same shape. `cpus` becomes `shared`.
  void reset(std::uint64_t bytes, void* cpus) {
    shared = cpus;
    events = surplus = freed_mixed = 0;
    big = nullptr;
    owner = 0;
    stash.count = stash.bytes = 0;
    own.reset(shape(shares()), bytes);
  }
};

}  // namespace neap
