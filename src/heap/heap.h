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
  // Looks addresses up in `map`, publishes its figures in `board`.
  constexpr Heap(PageMap& map, neap_telemetry& board) : pages_(map), board_(board, pages_, small_) {}

  // `cache` is the calling thread's everywhere; null when it has none (it is ending, or memory was out).

  // Objects up to kLargestSmall. Null when memory is out.
  void* allocate_small(ThreadCache* cache, ClassIndex c) { return allocate_from(From::anywhere, cache, c); }
  // The same at a multiple of the largest power of two that divides the class's size.
  void* allocate_in_slab(ThreadCache* cache, ClassIndex c) { return allocate_from(From::slabs, cache, c); }
  // `block` is the object's, of kind slab or mixed. The next three are shorter ways for what is frequent, of which
  // caches/caches.h says when they apply; the last is for an object that was just taken.
  void free_small(ThreadCache* cache, Block& block, void* object, const char* function) {
    caches_.free(cache, block, object, function);
  }
  void free_in_slab(ThreadCache& cache, Block& block, std::size_t c, void* object, const char* function) {
    caches_.free_in_slab(cache, block, c, object, function);
  }
  bool give_to_slab(ThreadCache& cache, Block& block, void* object) {
    return caches_.give_to_slab(cache, block, object);
  }
  bool cache_mixed(ThreadCache& cache, const Block& block, void* object) {
    return caches_.cache_mixed(cache, block, object);
  }
  void put_back_mixed(ThreadCache* cache, void* object) { caches_.put_back_mixed(cache, object); }

  // Objects above kLargestSmall or aligned beyond it. `align` is a power of two, bytes.
  void* allocate_large(ThreadCache* cache, std::size_t size, std::size_t align, bool zero);
  void free_large(ThreadCache* cache, Block& first);
  // Changes the size where it lies or moves it; null when memory is out, the object is untouched then.
  void* resize_large(ThreadCache* cache, Block& first, std::size_t size);

  // A hardened heap, as its options say. Before its first object; false when memory is out.
  bool harden();
  // Its small objects lie in slabs of the first owner alone. One of class c, of a slab's objects the first that is free
  // at or after number `start`; null when memory is out. `fresh`: its pages held no memory before.
  void* take_slot(std::size_t c, std::uint32_t start, bool& fresh);
  // The end of one that waits in its slab (slabs/waiting.h); behind several, what they were counted as.
  void give_slot(std::size_t c, void* object, const char* function);
  void count_given(std::uint64_t bytes, std::uint32_t objects);
  // Brings near what give_slot will touch.
  void expect_slot(const void* object) const { Bin::expect(pages_, object); }
  void count_waiting(std::size_t bytes) { pages_.accounts().quarantine_bytes.add(bytes); }
  std::uint64_t waiting_bytes() const { return pages_.accounts().quarantine_bytes.get(); }
  // fn(block) for each slab, under its bin's lock; for each large object's first block, which its owner may end.
  template <class Fn>
  void each_slab(Fn fn) {
    each_block(BlockKind::slab, [this, fn](Block& block) {
      const BinId id = BinId::of(block);
      const Guard guard(small_.bin(id).lock());
      if (block.kind.load(std::memory_order_relaxed) == BlockKind::slab && BinId::of(block) == id) fn(block);
    });
  }
  template <class Fn>
  void each_large(Fn fn) {
    each_block(BlockKind::large, fn);
  }
  // Held, no free object of the class is handed out.
  Mutex& slab_lock(std::size_t c) { return small_.bin(static_cast<ClassIndex>(c)).lock(); }

  // The block of the live object that begins at `pointer`; aborts when there is none, naming `function`.
  Block& block_of(void* pointer, const char* function);
  // Whether a live object of a slab or mixed block begins there, as it looks without a lock.
  bool seems_live(const Block& block, const void* pointer) const;
  // Bytes that may be used at `pointer`, a live object's begin.
  std::size_t usable_size(const Block& block, const void* pointer) const;

  // A new thread's cache, or null; its end. It has stacks of its own, or shares the CPUs'.
  ThreadCache* open_cache() { return caches_.open(); }
  void close_cache(ThreadCache& cache) { caches_.close(cache); }
  // Gives every cached object of this thread back.
  void flush(ThreadCache& cache) { caches_.flush(cache); }
  // The same, and what lies in the stacks of this CPU.
  void flush_all(ThreadCache& cache) { caches_.flush_all(cache); }

  // Returns free pages to the system: what is due, or all. Bytes returned.
  void release_due() { release_.release_due(); }
  std::size_t release_all() { return release_.release_all(); }

  // The program is about to run. May be left out.
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
  // In the child of a fork that could not take the locks: of it all that is safe.
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
