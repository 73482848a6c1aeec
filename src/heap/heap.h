// Heap: the process's one heap. Owns the page heap, a bin for each size class, and the thread caches; carries out what
// the fast paths in api/ could not: refills, flushes, large objects, release of pages, fork.
//
// Lock order: release_lock_, registry_lock_, bins by owner and class, the mixed blocks, the page heap.
// Constant-initialised; nothing runs before use.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/options.h"
#include "heap/bin.h"
#include "heap/cpu_caches.h"
#include "heap/density.h"
#include "heap/mixed_bin.h"
#include "heap/regret.h"
#include "heap/soft_limit.h"
#include "heap/thread_cache.h"
#include "neap/neap.h"
#include "os/mutex.h"
#include "pages/page_heap.h"

namespace neap {

// Threads add their events to the process's clock in steps of this many: the clock is one shared cache line. As often
// the board is brought up to date.
inline constexpr std::uint32_t kClockStep = 256;

class Heap {
 public:
  // Looks addresses up in `map`, publishes its figures in `board`.
  constexpr Heap(PageMap& map, neap_telemetry& board) : board_(board), pages_(map) {}

  // `cache` is the calling thread's everywhere; null when it has none (it is ending, or memory was out).

  // Objects up to kLargestSmall. Null when memory is out.
  void* allocate_small(ThreadCache* cache, ClassIndex c) { return allocate_from(From::anywhere, cache, c); }
  // The same at a multiple of the largest power of two that divides the class's size.
  void* allocate_in_slab(ThreadCache* cache, ClassIndex c) { return allocate_from(From::slabs, cache, c); }
  // `block` is the object's, of kind slab or mixed.
  void free_small(ThreadCache* cache, Block& block, void* object, const char* function);
  // The same of a class c, where the object is known to begin in its slab.
  void free_in_slab(ThreadCache& cache, Block& block, std::size_t c, void* object, const char* function);
  // The usual end of a free in a slab, of a cached class, that no stack takes. False when it is another case; then
  // nothing was done.
  bool give_to_slab(ThreadCache& cache, Block& block, void* object);
  // The usual end of a free in a mixed block: a live object begins there, and its stack is not full. False when it is
  // another case; then nothing was done.
  bool cache_mixed(ThreadCache& cache, const Block& block, void* object);
  // Gives an object back that was just taken from a mixed block, past the stacks.
  void put_back_mixed(ThreadCache* cache, void* object);

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
  std::uint64_t waiting_bytes() const { return accounts().quarantine_bytes.get(); }
  // fn(block) for each slab, under its bin's lock; for each large object's first block, which its owner may end.
  template <class Fn>
  void each_slab(Fn fn) {
    each_block(BlockKind::slab, [this, fn](Block& block) {
      const BinId id = BinId::of(block);
      const Guard guard(bin(id).lock());
      if (block.kind.load(std::memory_order_relaxed) == BlockKind::slab && BinId::of(block) == id) fn(block);
    });
  }
  template <class Fn>
  void each_large(Fn fn) {
    each_block(BlockKind::large, fn);
  }
  // Held, no free object of the class is handed out.
  Mutex& slab_lock(std::size_t c) { return first_bins_[c].lock(); }

  // The block of the live object that begins at `pointer`; aborts when there is none, naming `function`.
  Block& block_of(void* pointer, const char* function);
  // Whether a live object of a slab or mixed block begins there, as it looks without a lock.
  bool seems_live(const Block& block, const void* pointer) const;
  // Bytes that may be used at `pointer`, a live object's begin.
  std::size_t usable_size(const Block& block, const void* pointer) const;

  // A new thread's cache, or null; its end. It has stacks of its own, or shares the CPUs'.
  ThreadCache* open_cache();
  void close_cache(ThreadCache& cache);
  // Gives every cached object of this thread back.
  void flush(ThreadCache& cache);
  // The same, and what lies in the stacks of this CPU.
  void flush_all(ThreadCache& cache);

  // Returns free pages to the system: what is due, or all. Bytes returned.
  void release_due();
  std::size_t release_all();

  // Looks how much memory is left before the soft limit, if one was asked for.
  void look_at_limit();

  // Around fork. The child has one thread, and `current` is its cache. The caches of other threads may be torn in the
  // child, so what they held is given up.
  void before_fork();
  void after_fork_in_parent();
  void after_fork_in_child(ThreadCache* current);
  // In the child of a fork that could not take the locks: of it all that is safe.
  void reset_locks();

  // Brings the board up to date.
  void publish();
  void publish_pages();  // of it what a large object changes
  const PageMap& map() const { return pages_.map(); }

  Limbo limbo;      // first: every free reads it, by a short instruction
  Options options;  // written once, before the first object

 private:
  enum class From : std::uint8_t { anywhere, slabs };
  void* allocate_from(From from, ThreadCache* cache, ClassIndex c);
  std::uint32_t take(From from, BinId id, void** out, std::uint32_t want);
  Bins* bins_of(std::size_t owner) const { return bins_[owner].load(std::memory_order_acquire); }
  Bin& bin(BinId id) { return (*bins_of(id.owner))[static_cast<std::size_t>(id.c)]; }
  static BinId id_for(const ThreadCache* cache, std::size_t c) {
    return {static_cast<ClassIndex>(c), cache != nullptr ? cache->owner : std::uint8_t{0}};
  }
  // fn(bin, id), in the order of their locks.
  void each_bin(auto fn) {
    for (std::uint8_t owner = 0; owner < kMaxOwners; ++owner) {
      Bins* const bins = bins_of(owner);
      for (std::size_t c = 0; bins != nullptr && c < kClassCount; ++c) {
        fn((*bins)[c], BinId(static_cast<ClassIndex>(c), owner));
      }
    }
  }
  template <class Fn>
  void each_block(BlockKind kind, Fn fn) {
    const Guard guard(release_lock_);
    for (std::uint32_t rank = 0; Block* block = pages_.next_block(kind, rank);) {
      rank = block->rank + 1;
      fn(*block);
    }
    pages_.end_look();
  }
  bool open_sparse_slab();
  [[gnu::noinline]] void* allocate_from_reserves(ThreadCache* cache, From from, std::size_t c);
  bool open_any_slab(std::size_t smallest, std::uint32_t share);
  void* take_any_hole(From from, std::size_t c);
  void give_up_empty_slabs();
  void give_up_reserves(ThreadCache* cache);
  void give(std::size_t c, void** objects, std::uint32_t count, const char* function);
  void* allocate_batch(From from, ThreadCache& cache, std::size_t c);
  void* allocate_one(ThreadCache& cache, std::size_t c);
  void ask_for_capacity(ThreadCache& cache, std::size_t c);
  // Whether an object that no stack takes goes to its slab by itself. Several threads let small ones wait for a batch.
  static bool goes_at_once(std::size_t c) { return single_threaded() || class_size(c) > kLargestBatched; }
  void stash(ThreadCache& cache, std::size_t c, void* object, const char* function);
  void free_mixed(ThreadCache& cache, const Block& block, void* object, const char* function);
  bool wishes_slab(ThreadCache& cache, std::size_t c);
  bool seems_live_in_mixed(const Block& block, const void* pointer) const {
    return mixed::is_begin(block, pointer) && !mixed::is_free(block, mixed::granule_at(pointer)) &&
           !limbo.holds(pointer);
  }
  void give_back(ThreadCache& cache, Block& block, std::size_t c, void* object, const char* function);
  void keep_big(ThreadCache& cache, std::size_t c, void* object, const char* function);
  void give_up_big(ThreadCache& cache, const char* function);
  bool push(ThreadCache& cache, std::size_t c, void* object);
  Stack stack_of(ThreadCache& cache, std::size_t c);
  Stack stack_in(Stacks& stacks, std::size_t c);
  void grow(Stack& stack) {
    if (stack.capacity() < stack.max_capacity() && stack.stacks->may_grow(class_size(stack.c))) grow_to_budget(stack);
  }
  void grow_to_budget(Stack& stack);
  static void add_budget(Stacks& stacks, std::int64_t bytes);
  static bool take_budget(Stacks& stacks, std::int64_t bytes);
  void review_budget(Stacks& stacks);
  void fit_budget(Stacks& stacks);
  void fit_to_use(Stacks& stacks);
  void shed_idle(Stacks& stacks);
  void shed(Stacks& stacks, std::size_t c, std::uint32_t objects);
  void fit_caches(ThreadCache& cache);
  void steal_capacity(Stacks& stacks, std::size_t c, std::int64_t bytes);
  void drop_oldest(Stack& stack, std::uint32_t count);
  std::uint32_t drop_all(Stack stack);
  std::uint64_t thread_allowance() const;
  std::uint64_t cpu_allowance() const;
  std::uint64_t allowance(const Stacks& stacks) const;
  bool may_share();
  bool begin_cpu(Stacks& stacks);
  std::uint8_t owner_of(const Stacks& stacks) const;
  void open_bins(std::size_t owner);
  char* take_metadata(std::size_t bytes);
  void flush_cpu();
  std::uint32_t empty_cpus();
  void give_up_cpus(std::uint32_t users);
  void flush_stash(ThreadCache& cache, const char* function);
  void forget_cache(ThreadCache& cache);
  void count_events(ThreadCache* cache, std::uint32_t events);
  [[gnu::noinline]] void act_on(std::uint32_t events, bool publish_all);
  void count_large_event(ThreadCache* cache);
  void count_single_events(std::uint32_t events);
  void end_large(ThreadCache* cache, Block& first);
  void* resize_for_good(ThreadCache* cache, Block& first, std::size_t size);
  void check_live(Block& block, void* object, const char* function);
  [[noreturn]] void no_object(Block* block, void* pointer, const char* function) const;
  std::uint32_t threads() const { return threads_.load(std::memory_order_relaxed); }
  const Accounts& accounts() const { return pages_.accounts(); }
  bool release_one(const Due& due);
  void wait_after_refusal();
  std::uint64_t dirty_limit() const;
  bool is_near_limit() const { return soft_limit_.is_near(accounts().resident_pages.get()); }
  bool is_limit_met() const { return soft_limit_.is_met(accounts().resident_pages.get()); }
  bool wants_look(std::uint64_t more) const { return soft_limit_.wants_look(accounts().resident_pages.get() + more); }
  // Pages that the heap may keep above its limit for free ones.
  std::uint64_t slack() const { return is_near_limit() ? 0 : regret_.slack(); }
  std::uint64_t most_dirty(std::uint64_t usual) const;
  void look();
  [[gnu::noinline]] void approach_limit(ThreadCache* cache);
  void look_if_due();
  void release_to(std::uint64_t most);
  [[gnu::noinline]] void* take_before_block(std::size_t c);
  char* allocate_run(std::size_t pages, std::size_t align, bool zero, std::size_t blocks);
  Left discard_if_much(Block& first);
  static Left discard_blocks(char* begin, std::size_t blocks);
  static std::size_t with_headroom(std::size_t blocks);
  bool grow_in_place(Block& first, std::size_t size);
  void* move_large(ThreadCache* cache, Block& first, std::size_t size);
  bool wants_huge_pages(std::size_t pages, Density::Like like) const;
  void lay_huge_pages(Block& first);
  void forget_huge_pages(Block& first);

  Mutex release_lock_;   // guards what goes back to the system, and which slab is opened next
  Mutex registry_lock_;  // guards who has a cache, and what caches are made of

  // Changed under the registry's lock.
  std::atomic<std::uint32_t> threads_{0};  // that have a cache; anybody reads it
  ThreadCache* caches_ = nullptr;          // those in use
  ThreadCache* free_caches_[2] = {};       // those with stacks of all classes, and those that share
  CpuCaches cpus_;
  char *metadata_ = nullptr, *metadata_end_ = nullptr;  // what is left of the last step taken for metadata

  // Changed under the release lock.
  std::uint32_t next_to_open_ = 0;           // rank of the slab that the last resort opens next
  std::uint64_t refusal_wait_ = kClockStep;  // events without a try, after the system refused a discard
  std::atomic<std::uint64_t> next_try_{0};   // the event of the next try
  Regret regret_;
  SoftLimit soft_limit_;

  // Changed by anybody: each is atomic by itself, and a lost update costs one look more.
  Counter huge_objects_;  // large objects that have huge pages
  Density density_;
  std::atomic<std::uint64_t> next_search_{0};  // the event of the next search, after no slab was found to open
  neap_telemetry& board_;
  alignas(64) std::atomic<std::uint64_t> too_dirty_{
      0};  // pages: one above the limit of the last look; 0 before the first
  Bins first_bins_;
  std::array<std::atomic<Bins*>, kMaxOwners> bins_{&first_bins_};  // null until an owner's first refill
  MixedBin mixed_;
  PageHeap pages_;
};

inline void Heap::count_events(ThreadCache* cache, std::uint32_t events) {
  if (cache == nullptr) return act_on(events, true);
  events += cache->events;
  // (The first event finds that no page is too many, and publishes.)
  const bool few = events < kClockStep && pages_.dirty_pages() < too_dirty_.load(std::memory_order_relaxed);
  cache->events = few ? events : 0;
  if (few) return;
  act_on(events, false);
  fit_caches(*cache);
}

}  // namespace neap
