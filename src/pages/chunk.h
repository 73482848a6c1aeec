// Chunk: one reservation of address space, divided into blocks, and the metadata that describes them (reserved beside
// it). Blocks are found by address-ordered first fit and committed from the bottom in steps. Everything here is called
// under the page heap's lock, except the plain look-ups.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/bits.h"
#include "base/units.h"
#include "pages/accounts.h"
#include "pages/bitmaps.h"
#include "pages/block.h"
#include "pages/page_map.h"

namespace neap {

class Chunk {
 public:
  // Reserves a chunk of at least `least` bytes, `wish` if the system lets us, and publishes it. Null when refused.
  static Chunk* create(std::size_t least, std::size_t wish, PageMap& map, Accounts& accounts);

  // Takes `count` neighbouring free blocks, the lowest that begin at a multiple of `align` blocks, of which the first
  // `commit_count` become usable. No block when there is no such run, or (`refused`) when the system will not commit
  // it.
  struct Taken {
    Block* block = nullptr;
    bool refused = false;
  };
  Taken take(std::size_t count, std::size_t align, std::size_t commit_count, Accounts& accounts);
  // The same where the first of them is dirty and the others are committed; null when there is no such run, or it is
  // not among the first few dirty blocks.
  Block* take_dirty(std::size_t count, std::size_t commit_count);
  // Takes the `count` blocks that begin at `first`, if all are free.
  bool take_at(std::size_t first, std::size_t count);
  void give_back(std::size_t first, std::size_t count);

  // Makes the blocks below `count` usable.
  bool commit(std::size_t count, Accounts& accounts);

  // Fills in what a descriptor needs before its first use.
  void prepare(std::size_t index);

  // Gives a slab of so many objects, or a mixed block, its bitmaps; takes them back.
  void equip(Block& block, std::size_t bits);
  void strip(Block& block);

  // Gives the address space of a wholly free chunk back, none of whose blocks is in the dirty queue. revive reserves as
  // much again, anywhere.
  void vacate(PageMap& map, Accounts& accounts);
  bool revive(PageMap& map, Accounts& accounts);
  bool is_vacant() const { return vacant_; }
  // Ranks its blocks from `first` upwards; before their first use.
  void rank_from(std::uint32_t first) { first_rank_ = first; }

  bool is_wholly_free() const { return bits::find(used_, 0, count_, true) == count_; }

  bool is_free(std::size_t index) const { return !bits::test(used_, index); }

  // Marks that others may set and find without the page heap's lock: slabs that few objects are left in.
  void mark_sparse(std::size_t index);
  void unmark_sparse(std::size_t index);
  std::size_t first_sparse() const;  // size() when there is none

  // What mixed blocks are found by: bytes for FitTree, by block and for 64 and 4,096 of them. Zeros at first.
  static constexpr int kFitLevels = 3;
  static constexpr std::size_t kFitFan = 64;
  std::uint8_t* fits(int level) const { return fits_[level]; }

  std::size_t index_of(const Block* block) const { return static_cast<std::size_t>(block - blocks_); }
  Block* at(std::size_t index) { return blocks_ + index; }
  char* address_of_block(std::size_t index) const { return base_ + index * kBlockSize; }
  std::size_t size() const { return count_; }
  std::size_t committed() const { return committed_.load(std::memory_order_relaxed); }  // needs no lock

  Chunk* next = nullptr;        // in the page heap's list, by age
  Chunk* next_mixed = nullptr;  // of those that had mixed blocks, by age; guarded by their lock
  bool has_mixed = false;
  std::uint32_t first_rank() const { return first_rank_; }

 private:
  void publish(PageMap& map, Chunk* owner);
  bool make_usable(std::size_t count);

  std::uint32_t first_rank_ = 0;
  char* base_;
  Block* blocks_;
  Bitmaps bitmaps_;
  char* bitmap_store_;
  std::uint8_t* fits_[kFitLevels];
  bits::Word* sparse_;                  // one bit per block
  bits::Word* dirty_;                   // one bit per block: it is free, and may have dirty pages
  std::size_t count_;                   // blocks
  std::atomic<std::size_t> committed_;  // blocks, from the bottom
  bool vacant_ = false;
  std::size_t first_dirty_;  // no lower block is marked
  std::size_t first_free_;   // no lower block is free
  std::size_t no_run_of_;    // no run of this many blocks is free, at any alignment
  bits::Word* used_;         // one bit per block; lies behind the chunk
};

}  // namespace neap
