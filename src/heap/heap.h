// Heap: the process's one heap. It owns the parts, each of which knows only those above it here:
//
//   PageHeap      blocks, and which of their pages are dirty
//   Limits        how many free pages may stay
//   SmallObjects  bins and mixed blocks
//   Board         the figures that others read
//   Release       the clock, and what goes back by it
//   LargeObjects  large objects
//   Caches        what threads and CPUs keep at hand
//
// What takes several parts is put together here: where an object comes from when memory is short, whose it is that is
// freed, and what a fork does.
//
// Lock order: release (PageHeap::release_lock), registry, bins by owner and class, the mixed blocks, the page heap.
// Constant-initialised; nothing runs before use.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/options.h"
#include "bins/limbo.h"
#include "bins/small_objects.h"
#include "caches/caches.h"
#include "caches/thread_cache.h"
#include "large/large_objects.h"
#include "limits/limits.h"
#include "neap/neap.h"
#include "os/mutex.h"
#include "pages/page_heap.h"
#include "release/board.h"
#include "release/release.h"

namespace neap {

class Heap {
 public:
  // `map` is where it looks addresses up, and `board` where it publishes its figures.
  constexpr Heap(PageMap& map, neap_telemetry& board) : pages_(map), board_(board, pages_, small_) {}

  // In every call `cache` is the calling thread's, or null when the thread has none (it is ending, or memory was out).

  // Allocates an object of class c, up to kLargestSmall. Null when memory is out.
  void* allocate_small(ThreadCache* cache, ClassIndex c) { return allocate_from(From::anywhere, cache, c); }
  // The same, placed at a multiple of the largest power of two that divides the class's size.
  void* allocate_in_slab(ThreadCache* cache, ClassIndex c) { return allocate_from(From::slabs, cache, c); }
  // Frees a small object, which lies in `block`, a slab or a mixed block. free_small serves every case. The next three
  // are shorter ways for frequent cases; caches/caches.h says when each applies. put_back_mixed is for an object that
  // was taken a moment ago and turned out not to serve.
  void free_small(ThreadCache* cache, Block& block, void* object, const char* function) {
    caches_.free(cache, block, object, function);
  }
  void free_in_slab(ThreadCache& cache, Block& block, std::size_t c, void* object, const char* function) {
    caches_.free_in_slab(cache, block, c, object, function);
  }
  bool give_to_slab(ThreadCache& cache, Block& block, void* object, const char* function) {
    return caches_.give_to_slab(cache, block, object, function);
  }
  bool cache_mixed(ThreadCache& cache, const Block& block, void* object) {
    return caches_.cache_mixed(cache, block, object);
  }
  void put_back_mixed(ThreadCache* cache, void* object) { caches_.put_back_mixed(cache, object); }

  // Large objects are those above kLargestSmall, or aligned beyond it. `align` is a power of two, in bytes.
  void* allocate_large(ThreadCache* cache, std::size_t size, std::size_t align, bool zero);
  void free_large(ThreadCache* cache, Block& first);
  // Changes an object's size where it lies, or moves it. Null when memory is out; the object is untouched then.
  void* resize_large(ThreadCache* cache, Block& first, std::size_t size);

  // Makes this a hardened heap, as its options say. Called before its first object; false when memory is out. All slabs
  // of a hardened heap are the first owner's.
  bool harden();
  // Takes an object of class c: of a slab, the first that is free at or after index `start`. Null when memory is out.
  // `fresh` tells that its pages held no memory before.
  void* take_slot(std::size_t c, std::uint32_t start, bool& fresh);
  // Gives an object back to the slab in which it waits (slabs/waiting.h). After several of them, count_given takes them
  // off what is counted as waiting.
  void give_slot(std::size_t c, void* object, const char* function);
  void count_given(std::uint64_t bytes, std::uint32_t objects);
  // Prefetches what give_slot will touch.
  void expect_slot(const void* object) const { Bin::expect(pages_, object); }
  void count_waiting(std::size_t bytes) { pages_.accounts().quarantine_bytes.add(bytes); }
  std::uint64_t waiting_bytes() const { return pages_.accounts().quarantine_bytes.get(); }
  // Calls fn(block) for each slab, under its bin's lock.
  template <class Fn>
  void each_slab(Fn fn) {
    each_block(BlockKind::slab, [this, fn](Block& block) {
      const BinId id = BinId::of(block);
      const Guard guard(small_.bin(id).lock());
      if (block.kind.load(std::memory_order_relaxed) == BlockKind::slab && BinId::of(block) == id) fn(block);
    });
  }
  // Calls fn(block) for the first block of each large object. No lock keeps another thread from ending the object.
  template <class Fn>
  void each_large(Fn fn) {
    each_block(BlockKind::large, fn);
  }
  // While this lock is held, no free object of the class is handed out.
  Mutex& slab_lock(std::size_t c) { return small_.bin(static_cast<ClassIndex>(c)).lock(); }

  // Finds the block of the live object that begins at `pointer`. Where none begins, it ends the program with a line
  // that names `function` and the misuse.
  Block& block_of(void* pointer, const char* function);
  // Whether a live object of a slab or mixed block begins there, as it looks without a lock.
  bool seems_live(const Block& block, const void* pointer) const;
  // How many bytes may be used at `pointer`, where a live object begins.
  std::size_t usable_size(const Block& block, const void* pointer) const;

  // Opens a new thread's cache, or gives null when memory is out; and closes it. A cache has stacks of its own, or
  // shares the CPUs'.
  ThreadCache* open_cache() { return caches_.open(); }
  void close_cache(ThreadCache& cache) { caches_.close(cache); }
  // Gives every cached object of this thread back.
  void flush(ThreadCache& cache) { caches_.flush(cache); }
  // The same, and what lies in the stacks of this CPU.
  void flush_all(ThreadCache& cache) { caches_.flush_all(cache); }

  // Of a hardened heap. Tests pretend that there are many.
  Mappings& mappings() { return pages_.mappings(); }

  // Returns free pages to the system: those that are due, or all. release_all tells how many bytes went.
  void release_due() { release_.release_due(); }
  std::size_t release_all() { return release_.release_all(); }

  // Called when the program is about to run. Without this call the process has no first moments (limits/regret.h).
  void begin() {
    const Guard guard(pages_.release_lock());
    limits_.begin();
  }

  // Looks how much memory is left before the soft limit, if one was asked for.
  void look_at_limit() {
    if (options.soft_limit != 0) release_.look_at_limit();
  }

  // Around fork. The child has one thread, and `current` is its cache. The caches of other threads may be torn in the
  // child, so what they held is given up.
  void before_fork();
  void after_fork_in_parent();
  void after_fork_in_child(ThreadCache* current);
  // For the child of a fork that could not take the locks: the only part of the above that is safe there.
  void reset_locks();

  // Brings the board up to date.
  void publish() { release_.publish(); }
  const PageMap& map() const { return pages_.map(); }

  Limbo limbo;      // first: every free reads it, by a short instruction
  Options options;  // written once, before the first object

 private:
  void* allocate_from(From from, ThreadCache* cache, ClassIndex c) {
    if (cache != nullptr) {
      if (void* object = caches_.allocate(from, *cache, c)) return object;
    }
    return allocate_past_cache(from, cache, c);
  }
  [[gnu::noinline]] void* allocate_past_cache(From from, ThreadCache* cache, ClassIndex c);
  void* allocate_from_reserves(From from, ThreadCache* cache, ClassIndex c);
  void give_up_reserves(ThreadCache* cache);
  void approach_limit(ThreadCache* cache);
  template <class Fn>
  void each_block(BlockKind kind, Fn fn) {
    const Guard guard(pages_.release_lock());
    for (std::uint32_t rank = 0; Block* block = pages_.next_block(kind, rank);) {
      rank = block->rank + 1;
      fn(*block);
    }
    pages_.end_look();
  }
  void check_live(Block& block, void* object, const char* function);
  [[noreturn]] void no_object(Block* block, void* pointer, const char* function) const;

  PageHeap pages_;
  Limits limits_{options, pages_};
  SmallObjects small_{pages_, limits_};
  Board board_;
  Release release_{pages_, limits_, small_, board_};
  LargeObjects large_{options, pages_, limits_, release_, board_};
  Caches caches_{options, limbo, pages_, limits_, small_, board_, release_};
};

}  // namespace neap
