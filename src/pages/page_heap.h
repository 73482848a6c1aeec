// PageHeap: hands out runs of blocks and takes them back; remembers which free pages are dirty (still resident) and
// since when. Address-ordered first fit over all chunks, oldest chunk first. Thread-safe: one lock, ranked below the
// bins' locks. (The release lock is for its callers.)
//
// The dirty queue is first in, first out with a second chance: blocks with dirty pages, slabs and free ones alike. A
// block that is still busy (pages of it fell free a short while ago) goes back to the end; one whose pages were all
// used again is dropped when its turn comes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/units.h"
#include "os/mutex.h"
#include "pages/accounts.h"
#include "pages/block.h"
#include "pages/chunk.h"
#include "pages/dirty_queue.h"
#include "pages/held_runs.h"
#include "pages/page_map.h"
#include "pages/spares.h"

namespace neap {

// A block whose dirty pages are due, as taken from the queue.
struct Due {
  enum class What : std::uint8_t { nothing, slab, mixed, free_run } what = What::nothing;
  Block* block =
      nullptr;  // slab, mixed: the block; free_run: the first of the run, which is taken and must be given back
  Chunk* chunk = nullptr;   // free_run
  std::size_t blocks = 0;   // free_run
  std::uint64_t pages = 0;  // free_run: dirty ones in it
};

// What is left of the memory of pages that an object ends on, or that were due.
enum class Left : std::uint8_t { all, nothing, not_even_commitment };

// One discard covers at most this many blocks: 16 MiB, a bound on the time of a single call.
inline constexpr std::size_t kMaxBlocksPerDiscard = 256;

class PageHeap {
 public:
  explicit constexpr PageHeap(PageMap& map) : map_(map), queue_(map) {}

  // What a hardened heap does with blocks (guards.cc): set before the first one is taken.
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
  // Ends a run whose pages nothing can touch any more.
  void end_shut_run(Block& first);

  // One block for a slab of the given class with so many objects, or null. Its resident mask stays as it was, and so
  // does the dirty one.
  Block* take_slab(std::uint8_t size_class, std::uint8_t owner, std::size_t objects) {
    return take_block(BlockKind::slab, size_class, owner, objects);
  }
  Block* take_mixed() { return take_block(BlockKind::mixed, 0, 0, kMixedBits); }
  // Gives a slab, whose bin's lock the caller holds, the bitmaps of a mixed block; its free bits are kept.
  void widen_bitmaps(Block& block, std::size_t objects);
  // Ends a slab or a mixed block, whose lock the caller holds; no object is out. Its resident pages become dirty.
  void free_block(Block& block);

  // A run of `blocks` at a multiple of `align_blocks`, with its first `pages` usable; kind large. Pages of the run may
  // be dirty: Block::dirty of each block tells which until forget_dirty is called.
  struct Run {
    Block* first = nullptr;
    Block *dirty = nullptr, *dirty_end = nullptr;  // no block outside has any; null: none has
  };
  Run take_run(std::size_t blocks, std::size_t align_blocks, std::size_t pages);
  // The first block of a spare of so many pages, at a multiple of `align_blocks`; or null. All its pages may hold
  // garbage.
  Block* take_spare(std::size_t align_blocks, std::size_t pages);
  // Ends a large object whose run is kept as a spare, which counts as dirty; false, and nothing happens, when its size
  // is not one that comes again.
  bool keep_spare(Block& first);
  // Whoever took a run looks at its dirty pages: fn(begin, bytes) for each piece of them, lowest first;
  // then they are forgotten.
  template <class Fn>
  void forget_dirty(const Run& run, Fn fn);
  // Ends a large object, whose pages in use become dirty, or were discarded or decommitted (whole blocks) by the
  // caller.
  void free_run(Block& first, Left left);
  // Changes the size of a large object in place; false when it cannot grow there. On shrinking, the caller has
  // discarded the pages that go. Growing can meet dirty pages: those inside the object are garbage, as realloc may
  // leave them; the caller has to zero the `stale` ones that lie behind it in its last block.
  bool resize(Block& first, std::size_t pages, PageMask& stale);

  // Notes that few objects are left in a slab. The caller holds its bin's lock.
  void mark_sparse(const Block& block);
  // The lowest slab that was noted, which is forgotten; null when there is none. What it is now the caller looks up.
  Block* take_sparse();
  // The first block of a kind whose rank is at least `rank`; null when there is none. Looked at as one of take_sparse.
  Block* next_block(BlockKind kind, std::uint32_t rank);
  bool may_have_sparse() const { return may_have_sparse_.load(std::memory_order_relaxed); }

  void account(const Touched& touched);

  // For the pages of a slab or a mixed block, whose lock the caller holds: they fell free; they are taken for release.
  void mark_dirty(Block& block, PageMask fresh);
  PageMask claim_dirty(Block& block);
  // Gives claimed pages back to the system. Returns those that it would not take. Needs no lock.
  PageMask discard(const Block& block, PageMask claimed);
  // Notes, under the block's lock, what became of them; those that were kept are dirty again.
  void end_discard(Block& block, PageMask claimed, PageMask kept);

  // Puts a block whose dirty mask has become non-zero into the queue. For a slab the caller holds its bin's lock.
  void enqueue(Block& block);
  // The oldest dirty block that is older than `older_than` events, or any when `older_than` is 0.
  // A run of free blocks is taken together with its dirty neighbours, at most `most_blocks`.
  Due pop_due(std::uint64_t older_than, std::size_t most_blocks = kMaxBlocksPerDiscard);
  // Ends what pop_due began with a free run.
  void end_free_run(const Due& due, Left left);
  // The block that pop_due or take_sparse gave is not looked at any more, if it is not taken. (Both are called under
  // the release lock: there is one at a time, whose descriptor has to stay.)
  void end_look() { looked_at_.store(nullptr, std::memory_order_release); }

  // For the last resort, where memory is out: gives back what serves nobody: address space that large objects have in
  // front of them for growth, spares, wholly free chunks.
  void give_up_reserves();
  // Gives the memory of bitmaps back that nobody has.
  void discard_unused_bitmaps();
  // True while no block was to be had and none was given back since.
  bool is_short() const { return is_short_.load(std::memory_order_relaxed); }

  // Pages ever returned, in steps and modulo 65,536, but never 0: what a block keeps of its last return.
  std::uint16_t return_clock() const {
    const std::uint64_t steps = accounts_.returned_pages.get() / kReturnStep + 1;
    return static_cast<std::uint16_t>(steps | (steps % (1u << 16) == 0));
  }
  // Whether pages of a block that had some returned then would be here still, had so many pages been kept as it was to
  // see (set_reach): no more were returned since.
  bool is_missed(std::uint16_t returned_at) const {
    return returned_at != 0 &&
           static_cast<std::uint16_t>(return_clock() - returned_at) < reach_.load(std::memory_order_relaxed);
  }
  // What holds more could not have been kept whole.
  bool is_in_reach(std::uint64_t pages) const { return pages / kReturnStep < reach_.load(std::memory_order_relaxed); }
  void set_reach(std::uint64_t pages) {
    const std::uint64_t steps = pages / kReturnStep;
    if (reach_.load(std::memory_order_relaxed) == steps) return;
    reach_.store(static_cast<std::uint32_t>(steps < kMaxSteps ? steps : kMaxSteps), std::memory_order_relaxed);
  }

  // How often the system has refused to take pages back.
  std::uint64_t refusals() const { return refusals_.get(); }
  // That it has, and the caller cleared them.
  void note_refusal() { refusals_.add(1); }

  // The clock of the release policy.
  std::uint64_t events() const { return events_.load(std::memory_order_relaxed); }
  std::uint64_t advance(std::uint64_t more) {
    if (!single_threaded()) return events_.fetch_add(more, std::memory_order_relaxed) + more;
    const std::uint64_t now = events() + more;
    events_.store(now, std::memory_order_relaxed);
    return now;
  }

  // Sums, for which a spare is dirty: it needs no other account than that it lies there. (Others change them meanwhile:
  // hence rest.)
  std::uint64_t dirty_pages() const { return accounts_.marked_pages.get() + spares_.pages(); }
  std::uint64_t large_pages() const { return rest(accounts_.run_pages.get(), spares_.pages()); }
  std::uint64_t large_objects() const { return rest(accounts_.runs.get(), spares_.count()); }

  PageMap& map() { return map_; }
  const PageMap& map() const { return map_; }
  Accounts& accounts() { return accounts_; }
  const Accounts& accounts() const { return accounts_; }
  Mutex& lock() { return lock_; }
  // The first of all locks in the heap's order. Held while a block is looked at that nobody has taken: by whoever calls
  // pop_due, take_sparse or next_block, until end_look.
  Mutex& release_lock() { return release_lock_; }

 private:
  static constexpr std::uint64_t kReturnStep = 64;  // pages
  static constexpr std::uint64_t kMaxSteps = 1 << 15;

  static constexpr std::size_t kMixedBits = 2 * kBlockSize / 16;  // of each granule: it is free; it begins something

  Block* take_block(BlockKind kind, std::uint8_t size_class, std::uint8_t owner, std::size_t bits);
  Block* take(std::size_t blocks, std::size_t align, std::size_t commit_blocks);
  Block* take_dirty(std::size_t blocks, std::size_t commit_blocks);
  std::size_t guards_for_next() const;
  std::size_t shut(Chunk& chunk, std::size_t first, std::size_t count);
  void shut_tail(Chunk& chunk, Block& first);
  void open_tail(Chunk& chunk, Block& first, std::size_t pages);
  bool open_up_to(Chunk& chunk, Block& first, std::size_t pages);
  void free_held();
  void release_held(Block& first);
  Block* search(std::size_t blocks, std::size_t align, std::size_t commit_blocks);
  Chunk* grow(std::size_t blocks, std::size_t align, std::size_t commit_blocks);
  void end_chunk(Chunk& chunk);
  void end_chunk_if_limited(Chunk& chunk);
  void cut_headroom(Chunk& chunk);
  void decommit_free_runs(Chunk& chunk);
  void return_blocks(Chunk& chunk, std::size_t first, std::size_t count);
  void return_behind(Chunk& chunk, std::size_t first, std::size_t count);
  void queue_oldest_spare();
  enum class Turn : std::uint8_t { next, last };
  void queue_run(Block& first, Turn turn);
  void give_back(Block& first);
  void free_spares();
  void queue_spares(std::uint64_t older_than);
  std::uint32_t age(const Block& block) const;
  void enqueue_locked(Block& block);
  void vacate_free_chunks();
  Due claim_free_run(Block& block, std::size_t most_blocks);
  std::uint64_t count_missed(Chunk& chunk, std::size_t first, std::size_t pages) const;
  std::uint64_t mark_all_dirty(Chunk& chunk, std::size_t first, std::size_t count);

  // Who writes to a field decides its cache line. The first line is not written to once the heap is in use. The lock's
  // holder writes to the second, and to the spares, which others read without the lock. The clock has a line of its
  // own, and so have the sums, to which every thread adds, and the release lock, which many threads only try.
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
  std::size_t guards_ = 0;  // slabs and runs that have some behind them
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
  accounts_.large_served.add(1);
  return first;
}

inline bool PageHeap::keep_spare(Block& first) {
  if (!spares_.expects(first.large.pages)) return false;
  Guard guard(lock_);
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
