// PageHeap: hands out blocks, one for a slab or a mixed block and a run of them for a large object, and takes them
// back. It remembers which pages are dirty, and since when. Thread-safe: one lock, which comes last in the heap's
// order. (The release lock is for its callers.)
//
// Where a block comes from:
//   take_spare    the run of a large object of the same size that was freed a short while ago
//   take_dirty    for a run: the place where most blocks are dirty
//   search        the lowest place that is free, in the oldest chunk that has one
//   grow          a new chunk
//   free_spares   memory is out: the spares, and what a hardened heap holds, are given up, and the search begins again
//
// How a dirty page goes back:
//   mark_dirty, free_block, free_run   its block enters the dirty queue
//   pop_due                            the release takes the block out of the queue when its turn has come
//   discard, or Release                gives the pages to the system, without the page heap's lock
//   end_discard, end_free_run          notes what became of them
//
// The dirty queue is first in, first out, with a second chance. Slabs and free blocks stand in it alike. A block of
// which pages fell free a short while ago goes back to the end; one whose dirty pages were all used again is dropped
// when its turn comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/units.h"
#include "os/mutex.h"
#include "pages/accounts.h"
#include "pages/block.h"
#include "pages/chunk.h"
#include "pages/dirty_queue.h"
#include "pages/held_runs.h"
#include "pages/mappings.h"
#include "pages/page_map.h"
#include "pages/spares.h"

namespace neap {

// A block whose dirty pages are due, as taken from the queue.
struct Due {
  enum class What : std::uint8_t { nothing, slab, mixed, tail, free_run } what = What::nothing;
  Block* block = nullptr;   // free_run, tail: the first one of the run, which is taken until end_free_run or end_tail
  Chunk* chunk = nullptr;   // free_run
  std::size_t blocks = 0;   // free_run
  std::uint64_t pages = 0;  // free_run: dirty ones in it
  bool kept = false;        // free_run: the system refused to take them
};

// Pages of a slab, a mixed block or a large object's last block that are out for release.
struct Aside {
  Block* block;
  PageMask pages;
  PageMask kept = 0;       // those that the system refused to take
  Block* first = nullptr;  // of a large object's run; null: of no such
};

// What is left of the memory of pages that an object ends on, or that were due.
enum class Left : std::uint8_t { all, nothing, not_even_commitment };

// One discard covers at most this many blocks: 16 MiB, a bound on the time of a single call.
inline constexpr std::size_t kMaxBlocksPerDiscard = 256;

class PageHeap {
 public:
  explicit constexpr PageHeap(PageMap& map) : map_(map), queue_(map) {}

  // What a hardened heap does with blocks (guards.cc). It is set before the first block is taken.
  struct Hardening {
    bool guards = false;   // memory that nothing can touch lies behind every slab and every run
    bool ends = false;     // the memory of a run goes when its object ends
    bool holds = false;    // and its addresses stay out of use for a while
    bool waiting = false;  // slabs have bits for objects that wait
  };
  // False when memory is out.
  bool harden(Hardening what);
  const Hardening& hardening() const { return hardening_; }
  // Shuts what lies behind an object, once forget_dirty was called.
  void guard_run(Block& first);
  // As resize, of a run whose memory ends with its object. Contents behind the old end are zeros.
  bool resize_guarded(Block& first, std::size_t pages);
  // How many bytes of a run, whose object ends, are to be decommitted; 0: none, because there are mappings enough, and
  // its memory is only to be discarded. Then end_shut_run is called.
  std::size_t begin_to_shut(const Block& first);
  // Ends a run whose memory is gone and, if it was to be shut, whose pages nothing can touch any more.
  void end_shut_run(Block& first, bool shut);
  // Ends a free run that pop_due took, if it lies between guards: decommitted, it is one mapping with them. False where
  // it is still to be ended.
  bool shut_free(const Due& due) { return hardening_.guards && shut_between_guards(due); }
  // Whether other free runs may be decommitted.
  bool may_decommit() { return !hardening_.ends || has_mappings(); }
  // What is counted of the mappings of a hardened heap's blocks. In a child of fork they are counted otherwise.
  Mappings& mappings() { return mappings_; }
  void inherit_mappings();

  // Takes a block for a slab of a class with so many objects; null when memory is out. Its masks of resident and dirty
  // pages stay as they were.
  Block* take_slab(std::uint8_t size_class, std::uint8_t owner, std::size_t objects) {
    return take_block(BlockKind::slab, size_class, owner, objects);
  }
  Block* take_mixed() { return take_block(BlockKind::mixed, 0, 0, kMixedBits); }
  // Gives a slab, whose bin's lock the caller holds, the bitmaps of a mixed block; its free bits are kept.
  void widen_bitmaps(Block& block, std::size_t objects);
  // Ends a slab or a mixed block of which no object is out. The caller holds its lock. Its resident pages become dirty.
  void free_block(Block& block);

  // Takes a run of `blocks` for a large object, at a multiple of `align_blocks`, with its first `pages` usable. Pages
  // of the run may be dirty; Block::dirty of each block tells which, until forget_dirty is called.
  struct Run {
    Block* first = nullptr;
    Block *dirty = nullptr, *dirty_end = nullptr;  // no block outside has any; null: none has
  };
  Run take_run(std::size_t blocks, std::size_t align_blocks, std::size_t pages);
  // Takes a spare of so many pages that begins at a multiple of `align_blocks`, or gives null. All of its pages may
  // hold garbage.
  Block* take_spare(std::size_t align_blocks, std::size_t pages);
  // Ends a large object and keeps its run as a spare, which counts as dirty. False, and nothing has happened, when its
  // size is not one that comes again, or its tail is out for release.
  bool keep_spare(Block& first);
  // Called by whoever took a run: fn(begin, bytes) for each stretch of its dirty pages, lowest first, but for those of
  // its tail. Then they are not dirty any more.
  template <class Fn>
  void forget_dirty(const Run& run, Fn fn);
  // Ends a large object. `left` says what is left of its pages: all, which become dirty, or less, where the caller has
  // discarded or decommitted whole blocks, tail included.
  void free_run(Block& first, Left left);
  // Changes the size of a large object in place; false when it cannot grow there. On shrinking, the caller has
  // discarded the pages that go. Growing can meet dirty pages, which are garbage, as realloc may leave them.
  bool resize(Block& first, std::size_t pages);

  // Notes that a slab is sparse. The caller holds its bin's lock.
  void mark_sparse(const Block& block);
  // Gives the lowest slab that was noted, and forgets that it was; null when there is none. The caller has to look
  // whether it is still one.
  Block* take_sparse();
  // Gives the first block of a kind whose rank is at least `rank`; null when there is none. The caller looks at it as
  // at one of take_sparse, until end_look.
  Block* next_block(BlockKind kind, std::uint32_t rank);
  bool may_have_sparse() const { return may_have_sparse_.load(std::memory_order_relaxed); }

  void account(const Touched& touched);

  // For pages of a slab or a mixed block, whose lock the caller holds. mark_dirty: they fell free. claim_dirty: they
  // are taken for release; it returns which.
  void mark_dirty(Block& block, PageMask newly_dirty);
  PageMask claim_dirty(Block& block);
  // Gives claimed pages and runs of free blocks back to the system, by as few calls as it allows, and notes what it
  // refused to take. Needs no lock.
  void discard(std::span<Aside> asides, std::span<Due> runs = {});
  // Notes, under the block's lock, what became of claimed pages. Those that were kept are dirty again; they, and those
  // that fell free meanwhile, wait for their turn.
  void end_discard(const Aside& aside);

  // Puts a block whose dirty mask has become non-zero into the queue. For a slab the caller holds its bin's lock.
  void enqueue(Block& block);
  // Takes the oldest dirty block that is older than `older_than` events, or any when that is 0. A free block is taken
  // together with its dirty neighbours, at most `most_blocks`.
  Due pop_due(std::uint64_t older_than, std::size_t most_blocks = kMaxBlocksPerDiscard);
  // Ends what pop_due began with a free run.
  void end_free_run(const Due& due, Left left);
  // The pages that pop_due took of a large object's tail; and the end of their release, without the page heap's lock.
  Aside aside_of_tail(Block& first);
  void end_tail(const Aside& aside);
  // Ends the look at a block that pop_due, take_sparse or next_block gave, if it was not taken. There is one such look
  // at a time, under the release lock, and until it ends the block's descriptor stays.
  void end_look() { looked_at_.store(nullptr, std::memory_order_release); }

  // For the last resort, where memory is out. Gives back what serves nobody now: spares, chunks that are wholly free,
  // and the address space behind large objects into which they could grow.
  void give_up_reserves();
  // Gives back the memory of bitmaps that no block has any more.
  void discard_unused_bitmaps();
  // True from the moment when no block was to be had until one is given back.
  bool is_short() const { return is_short_.load(std::memory_order_relaxed); }

  // The clock of returns: how many pages were ever returned, in steps of kReturnStep, modulo 65,536, but never 0. A
  // block keeps its reading of the last return of one of its pages.
  std::uint16_t return_clock() const {
    const std::uint64_t steps = accounts_.returned_pages.get() / kReturnStep + 1;
    return static_cast<std::uint16_t>(steps | (steps % (1u << 16) == 0));
  }
  // Whether the pages that a block returned at that reading would still be here, had the heap kept as many more pages
  // as set_reach says: no more were returned since then.
  bool is_missed(std::uint16_t returned_at) const {
    return returned_at != 0 &&
           static_cast<std::uint16_t>(return_clock() - returned_at) < reach_.load(std::memory_order_relaxed);
  }
  // Whether a run of so many pages could have been kept whole at all.
  bool is_in_reach(std::uint64_t pages) const { return pages / kReturnStep < reach_.load(std::memory_order_relaxed); }
  void set_reach(std::uint64_t pages) {
    const std::uint64_t steps = pages / kReturnStep;
    if (reach_.load(std::memory_order_relaxed) == steps) return;
    reach_.store(static_cast<std::uint32_t>(steps < kMaxSteps ? steps : kMaxSteps), std::memory_order_relaxed);
  }

  // How often the system has refused to take pages back.
  std::uint64_t refusals() const { return refusals_.get(); }
  // Notes that it has refused once more; the caller has cleared the pages instead.
  void note_refusal() { refusals_.add(1); }

  // The clock of the release policy.
  std::uint64_t events() const { return events_.load(std::memory_order_relaxed); }
  std::uint64_t advance(std::uint64_t more) {
    if (!single_threaded()) return events_.fetch_add(more, std::memory_order_relaxed) + more;
    const std::uint64_t now = events() + more;
    events_.store(now, std::memory_order_relaxed);
    return now;
  }

  // Sums, which count a spare as dirty. Keeping or taking one therefore changes no other sum. (Other threads change the
  // parts meanwhile, hence `rest`.)
  std::uint64_t dirty_pages() const { return accounts_.marked_pages.get() + spares_.pages(); }
  std::uint64_t large_pages() const { return rest(accounts_.run_pages.get(), spares_.pages()); }
  std::uint64_t large_objects() const { return rest(accounts_.runs.get(), spares_.count()); }

  PageMap& map() { return map_; }
  const PageMap& map() const { return map_; }
  Accounts& accounts() { return accounts_; }
  const Accounts& accounts() const { return accounts_; }
  Mutex& lock() { return lock_; }
  // The first lock in the heap's order. It is held while somebody looks at a block that is nobody's: by whoever calls
  // pop_due, take_sparse or next_block, until end_look.
  Mutex& release_lock() { return release_lock_; }

 private:
  static constexpr std::uint64_t kReturnStep = 64;  // pages
  static constexpr std::uint64_t kMaxSteps = 1 << 15;

  static constexpr std::size_t kMixedBits = 2 * kBlockSize / 16;  // of each granule: it is free; it begins something

  Block* take_back(std::uint8_t owner);
  Block* take_block(BlockKind kind, std::uint8_t size_class, std::uint8_t owner, std::size_t bits);
  Block* take(std::size_t blocks, std::size_t align, std::size_t commit_blocks, Spacing spacing);
  Block* take_dirty(std::size_t blocks, std::size_t commit_blocks, Spacing spacing);
  Spacing next_spacing() const { return hardening_.guards ? mappings_.spacing() : kUnguarded; }
  bool shut_between_guards(const Due& due);
  bool has_mappings();
  Block* take_in_group();
  Block* take_unguarded(std::size_t blocks, std::size_t align, std::size_t commit_blocks);
  void clear_open(const Chunk& chunk, std::size_t first, std::size_t count);
  void clear_dirty(Chunk& chunk, std::size_t first, std::size_t count);
  bool grow_guarded(Chunk& chunk, Block& first, std::size_t pages);
  bool shrink_guarded(Chunk& chunk, Block& first, std::size_t pages);
  void note_gone(Chunk& chunk, std::size_t first, std::size_t count);
  std::size_t shut(Chunk& chunk, std::size_t first, std::size_t count);
  void shut_behind(Chunk& chunk, Block& first);
  bool open_up_to(Chunk& chunk, Block& first, std::size_t pages);
  void free_held();
  void release_held(Block& first);
  Block* search(std::size_t blocks, std::size_t align, std::size_t commit_blocks, Spacing spacing);
  Chunk* grow(std::size_t blocks, std::size_t align, std::size_t commit_blocks, Spacing spacing);
  void end_chunk(Chunk& chunk);
  void end_chunk_if_limited(Chunk& chunk);
  void cut_headroom(Chunk& chunk);
  void decommit_free_runs(Chunk& chunk);
  void return_blocks(Chunk& chunk, std::size_t first, std::size_t count);
  void return_behind(Chunk& chunk, std::size_t first, std::size_t count);
  std::size_t leave_dirty(Chunk& chunk, std::size_t first, std::size_t used, std::size_t blocks);
  void end_run(Block& first, Left left);
  bool grow_run(Block& first, std::size_t pages);
  void shrink_run(Block& first, std::size_t pages);
  bool has_tails() const { return !hardening_.ends && !hardening_.guards; }
  void set_tail(Block& first, PageMask tail);
  PageMask tail_inside(Block& first, std::size_t pages);
  void forget_tail(Block& first);
  void leave_tail(Block& first);
  Due claim_tail(Block& first);
  void queue_oldest_spare();
  // Whether the pages of a large object's tail are out for release. Changes under the lock.
  static bool is_tail_out(const Block& first) { return first.aside.load(std::memory_order_relaxed) != 0; }
  enum class Turn : std::uint8_t { next, last };
  void queue_run(Block& first, Turn turn);
  void give_back(Block& first);
  void free_spares();
  void queue_spares(std::uint64_t older_than);
  std::uint32_t age(const Block& block) const;
  void enqueue_locked(Block& block);
  void vacate_free_chunks();
  Due claim_free_run(Block& block, std::size_t most_blocks);
  void note_returned(Block& first);
  std::size_t reach_in_blocks() const { return reach_.load(std::memory_order_relaxed) * kReturnStep / kPagesPerBlock; }
  std::uint64_t count_missed(Chunk& chunk, std::size_t first, std::size_t pages) const;
  std::uint64_t mark_all_dirty(Chunk& chunk, std::size_t first, std::size_t count);

  // A field's cache line depends on who writes to it. Nobody writes to the first line once the heap is in use. Who
  // holds the lock writes to the second, and to the spares, which others read without the lock. The clock has a line of
  // its own. So have the sums, to which every thread adds, and the release lock, which many threads only try.
  PageMap& map_;
  Hardening hardening_;
  alignas(64) Mutex lock_;
  Chunk* chunks_ = nullptr;
  Chunk* newest_ = nullptr;
  std::uint32_t next_rank_ = 0;
  std::atomic<bool> may_have_sparse_{false};
  std::atomic<const Chunk*> looked_at_{nullptr};
  std::atomic<bool> is_short_{false};
  std::atomic<std::uint32_t> reach_{0};  // in steps of returned pages
  Counter refusals_;
  DirtyQueue queue_;
  HeldRuns held_;
  Mappings mappings_;
  alignas(64) Spares spares_;
  alignas(64) std::atomic<std::uint64_t> events_{0};
  alignas(64) Accounts accounts_;
  alignas(64) Mutex release_lock_;
};

inline Block* PageHeap::take_spare(std::size_t align_blocks, std::size_t pages) {
  if (!spares_.may_have(pages)) return nullptr;
  Guard guard(lock_);
  Block* const first = spares_.take(pages, align_blocks);
  if (first == nullptr) return nullptr;
  first->kind.store(BlockKind::large, std::memory_order_relaxed);
  if (first->large.tail != 0) enqueue_locked(*first);
  accounts_.large_served.add(1);
  return first;
}

inline bool PageHeap::keep_spare(Block& first) {
  if (!spares_.expects(first.large.pages)) return false;
  Guard guard(lock_);
  if (is_tail_out(first)) return false;
  if (spares_.full()) [[unlikely]]
    queue_oldest_spare();
  first.kind.store(BlockKind::spare, std::memory_order_relaxed);
  first.dirtied_at.store(static_cast<std::uint32_t>(events()), std::memory_order_relaxed);
  spares_.put(first);
  return true;
}

template <class Fn>
void PageHeap::forget_dirty(const Run& run, Fn fn) {
  for (Block* block = run.dirty; block != run.dirty_end; ++block) {
    char* const begin = run.first->address() + (block - run.first) * static_cast<std::ptrdiff_t>(kBlockSize);
    each_run(block->dirty,
             [&](std::uint32_t page, std::uint32_t pages) { fn(begin + page * kPageSize, pages * kPageSize); });
    block->dirty = block->resident = 0;
  }
}

}  // namespace neap
