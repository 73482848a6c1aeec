// Chunk: one reservation of address space, divided into blocks, and the metadata that describes them, which is reserved
// beside it. Blocks are found by address-ordered first fit, and committed from the bottom in steps. A block is free, or
// taken; of a free block, the pages may be dirty, and the whole of it may be closed, so that nothing can touch it
// before it is taken again. A chunk is vacant when its address space was given back.
//
// A chunk begins at a random block of a slot of the page map, so that addresses are hard to foretell. No two chunks
// share a slot.
//
// Everything here is called under the page heap's lock, except the plain look-ups.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/bits.h"
#include "base/units.h"
#include "pages/accounts.h"
#include "pages/bitmaps.h"
#include "pages/block.h"
#include "pages/dirty_fit.h"
#include "pages/free_runs.h"
#include "pages/mappings.h"
#include "pages/page_map.h"

namespace neap {

class Chunk {
 public:
  // What the system has to grant before anything is written: that the first `bytes` of a chunk can be committed. They
  // stay committed, except where nothing of a chunk may be touched before it is taken (`goes_back`).
  struct Ask {
    std::size_t bytes = 0;
    bool goes_back = false;
  };
  // What a hardened heap wants of a chunk: that its mappings are counted, and guards. A chunk with guards opens blocks
  // as they are taken, and nothing can touch the others: with guards of their own one by one, otherwise all that lie
  // between two guards. Its first block, and each that is a guard of several, is never taken.
  struct Protection {
    Mappings* mappings;  // null: not hardened
    Spacing spacing;
  };
  // Reserves a chunk of `wish` bytes, or fewer where the system refuses, but at least `least`. Its first block lies at
  // a multiple of `align` bytes. Publishes it in the map. Null when the system refuses.
  static Chunk* create(std::size_t least, std::size_t wish, PageMap& map, Accounts& accounts,
                       std::size_t align = kBlockSize, Ask ask = {0, false},
                       Protection protection = {nullptr, kUnguarded});
  // Gives all of the chunk back, itself included. What vacate asks for holds here too, and no mixed block was ever in
  // it.
  static void destroy(Chunk* chunk, PageMap& map, Accounts& accounts);

  // Takes `count` neighbouring free blocks, the lowest that begin at a multiple of `align` blocks, of which the first
  // `commit_count` become usable. No block when there is no such run, or (`refused`) when the system will not commit
  // it. Pages of them may be dirty: Block::dirty tells.
  struct Taken {
    Block* block = nullptr;
    bool refused = false;
  };
  Taken take(std::size_t count, std::size_t align, std::size_t commit_count, Accounts& accounts);
  // True when this chunk has a better place than those that `fit` has seen before.
  bool has_better(DirtyFit& fit);
  // Takes a free block with dirty pages that `owner` had last, the lowest of the first few; null when none of them is.
  Block* take_back(std::uint8_t owner, Accounts& accounts);
  // Takes the `count` blocks that begin at `first`, all of them free; null when the system will not commit them.
  Block* take_from(std::size_t first, std::size_t count, std::size_t commit_count, Accounts& accounts);
  // Both take the `count` blocks that begin at `first`, if all of them are free; the second makes them usable as well.
  // When they give false, nothing has changed.
  bool take_at(std::size_t first, std::size_t count);
  bool take_at_and_commit(std::size_t first, std::size_t count, Accounts& accounts);
  // Makes blocks free again. Their pages are taken to be clean, except in blocks for which note_dirty is called.
  void give_back(std::size_t first, std::size_t count) { runs_.give(first, count); }
  void note_dirty(std::size_t index);
  // Makes these blocks usable: commits those that never were, and opens those that are closed. False when the system
  // refuses.
  bool make_usable(std::size_t first, std::size_t count, Accounts& accounts);
  // Calls fn(Block&) for each of the free blocks [first, first + count) that may be dirty, and then forgets that they
  // may be.
  template <class Fn>
  void each_dirty(std::size_t first, std::size_t count, Fn fn);
  // The first of the blocks [first, end) that may be dirty, or `end`.
  std::size_t first_dirty(std::size_t first, std::size_t end) const {
    const std::size_t open_end = end < committed() ? end : committed();
    const std::size_t at = first < open_end ? bits::find(dirty_, first, open_end, true) : end;
    return at < open_end ? at : end;
  }

  // Notes that nothing can touch these blocks. They become usable again when they are taken.
  void close(std::size_t first, std::size_t count);
  bool is_closed(std::size_t index) const { return any_closed_ && bits::test(closed_, index); }
  bool is_open(std::size_t index) const { return index < committed() && !is_closed(index); }
  // Calls fn(from, to) for each run of open blocks in [first, first + count). fn may close it.
  template <class Fn>
  void each_open(std::size_t first, std::size_t count, Fn fn) const;

  Spacing spacing() const { return spacing_; }
  bool has_own_guards() const { return spacing_ == kOwnGuards; }
  // Whether the lowest free block is open.
  bool has_open_place();
  // Whether no block is ever put there.
  bool is_never_taken(std::size_t index) const {
    return spacing_ != kUnguarded && (spacing_ == kOwnGuards ? index == 0 : index % (std::size_t{spacing_} + 1) == 0);
  }
  // Called in a child of fork. Of a chunk whose mappings are counted, is_inherited tells which blocks were open then
  // and still are.
  void inherit();
  bool is_inherited(std::size_t index) const { return bits::test(inherited_, index); }
  std::size_t mapped() const { return mapped_; }  // boundaries of mappings between its blocks

  // Fills in what a descriptor needs before its first use.
  void prepare(std::size_t index);

  // equip gives a slab or a mixed block a bitmap of so many bits; false when memory is out. strip takes it back, and
  // right after it equip finds space for another.
  bool equip(Block& block, std::size_t bits, Accounts& accounts);
  void strip(Block& block);

  // Gives back the memory of bitmaps that no block has any more.
  void discard_unused_bitmaps();

  // vacate gives back the address space of a wholly free chunk, and its descriptors. Nobody may be looking at them, and
  // none of its blocks is in the dirty queue. revive reserves as much again, anywhere.
  void vacate(PageMap& map, Accounts& accounts);
  bool revive(PageMap& map, Accounts& accounts);
  bool is_vacant() const { return base_ == nullptr; }
  // Gives its blocks their ranks, from `first` upwards. Called before their first use.
  void rank_from(std::uint32_t first) { first_rank_ = first; }

  bool is_wholly_free() const { return runs_.used() == never_taken_; }
  bool is_free(std::size_t index) const { return runs_.is_free(index); }

  // Marks of sparse slabs. They are set and found without the page heap's lock.
  void mark_sparse(std::size_t index);
  void unmark_sparse(std::size_t index);
  std::size_t first_sparse() const;  // size() when there is none

  // The bytes of FitTree, by which mixed blocks are found: one for each block, for 64 blocks, and for 4,096. They are
  // zeros at first.
  static constexpr int kFitLevels = 3;
  static constexpr std::size_t kFitFan = 64;
  std::uint8_t* fits(int level) const { return fits_[level]; }

  std::size_t index_of(const Block* block) const { return static_cast<std::size_t>(block - blocks_); }
  Block* at(std::size_t index) { return blocks_ + index; }
  char* address_of_block(std::size_t index) const { return base_ + index * kBlockSize; }
  bool holds(const Block* block) const { return index_of(block) < count_; }
  std::size_t size() const { return count_; }
  std::size_t committed() const { return committed_.load(std::memory_order_relaxed); }  // needs no lock

  Chunk* next = nullptr;        // in the page heap's list, by age
  Chunk* next_mixed = nullptr;  // in the list of those that have had mixed blocks, by age; guarded by their lock
  bool has_mixed = false;
  std::uint32_t first_rank() const { return first_rank_; }

 private:
  friend struct Anatomy;  // tells readers outside where the fields lie (api/layout.cc)
  bool move_to(char* place, PageMap& map, Accounts& accounts);
  void publish(PageMap& map, Chunk* owner);
  bool make_usable(std::size_t count);
  bool commit(std::size_t count, Accounts& accounts);
  bool reopen(std::size_t first, std::size_t count);
  void widen(std::size_t& begin, std::size_t& end) const;
  void lay_guards();
  bool is_boundary(std::size_t index) const;
  std::size_t next_open(std::size_t from) const;
  void set_seam(std::size_t index, bool is_one);
  void recount(std::size_t before, std::size_t after);
  void count_opened(std::size_t first, std::size_t end);
  void close_open(std::size_t first, std::size_t end);
  void forget_mappings();
  bool commit_next_bitmap(Accounts& accounts);

  std::uint32_t first_rank_ = 0;
  char* base_ = nullptr;  // null: vacant
  char* described_;       // descriptors of whole slots, then bitmaps
  Block* blocks_;         // those of its own blocks
  Bitmaps bitmaps_;
  std::uint8_t* fits_[kFitLevels];
  FreeRuns runs_;
  bits::Word* runs_words_;
  bits::Word* bitmaps_used_;
  bits::Word* sparse_;  // one bit per block
  bits::Word* dirty_;   // one bit per block: it is free, and may have dirty pages
  bits::Word* closed_;  // one bit per block: nothing can touch it
  bits::Word* seams_;   // one bit per block, where mappings are counted (openings.cc); so has the next
  bits::Word* inherited_;
  Mappings* mappings_ = nullptr;
  std::size_t mapped_ = 0;
  Spacing spacing_ = kUnguarded;
  bool any_closed_ = false;
  std::size_t never_taken_ = 0;             // blocks
  std::size_t count_ = 0;                   // blocks
  std::atomic<std::size_t> committed_ = 0;  // blocks, from the bottom
  std::size_t equipped_ = 0;                // blocks that have bitmaps now
  std::size_t bitmap_capacity_ = 0;         // blocks that can have some
  std::size_t first_dirty_ = 0;             // no lower block is marked
};

template <class Fn>
void Chunk::each_open(std::size_t first, std::size_t count, Fn fn) const {
  const std::size_t end = first + count < committed() ? first + count : committed();
  for (std::size_t at = first; at < end;) {
    const std::size_t from = bits::find(closed_, at, end, false);
    at = bits::find(closed_, from, end, true);
    if (from < at) fn(from, at);
  }
}

template <class Fn>
void Chunk::each_dirty(std::size_t first, std::size_t count, Fn fn) {
  const std::size_t end = first + count < committed() ? first + count : committed();
  for (std::size_t i = bits::find(dirty_, first, end, true); i < end; i = bits::find(dirty_, i + 1, end, true))
    fn(blocks_[i]);
  bits::clear_range(dirty_, first, end);
}

}  // namespace neap
