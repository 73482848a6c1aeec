// SmallObjects: all bins and all mixed blocks. This is where caches get small objects from, in the order in which they
// are looked for, and where the objects go back to.
//
// Whoever takes an object names an owner, and is served from slabs of that owner and from the mixed blocks, which are
// everybody's. An object goes back to where it lies, whoever gives it.
//
// Thread-safe. Each call takes the locks of the bins and of the mixed bin, one after the other; where a slab is opened
// it takes the release lock before them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "bins/bin.h"
#include "bins/mixed_bin.h"
#include "limits/limits.h"
#include "pages/page_heap.h"

namespace neap {

// Where an object may lie. In a slab it lies at a multiple of the largest power of two that divides its class's size.
enum class From : std::uint8_t { anywhere, slabs };

class SmallObjects {
 public:
  // Stands for a class where objects of mixed blocks are given back: their sizes are looked up there.
  static constexpr std::uint8_t kMixed = kClassCount;

  constexpr SmallObjects(PageHeap& pages, const Limits& limits) : pages_(pages), limits_(limits) {}

  // Takes 1 to `want` objects that lie in one block; they have rising addresses. 0 when memory is out.
  std::uint32_t take(From from, BinId id, void** out, std::uint32_t want);
  // Gives objects back, of class `c` or kMixed. Aborts on misuse, of which it says that `function` was called.
  void give(std::size_t c, void** objects, std::uint32_t count, const char* function);
  // Aborts unless a live object, or one that waits in a cache, begins there. Looks under the block's lock.
  void check_live(Block& block, void* object, const char* function);

  // For the last resort: an object of class `c` in any hole of any owner's blocks, without new memory; or null.
  void* take_any_hole(From from, ClassIndex c);
  // Gives back the slabs that bins keep for the next object although none is out.
  void give_up_empty_slabs();

  // Sets the dirty pages of a block that is due aside; returns which they are. end_aside ends it, once they were
  // discarded. Both under the release lock.
  PageMask set_aside(const Due& due);
  void end_aside(const Aside& aside);

  Bin& bin(BinId id) { return (*bins_of(id.owner))[static_cast<std::size_t>(id.c)]; }
  bool has_bins(std::size_t owner) const { return bins_of(owner) != nullptr; }
  // Makes an owner's bins in memory of zeros that is theirs for good. An owner is opened by one thread at a time.
  void open_bins(std::size_t owner, char* memory);

  // Sums over all bins and the mixed blocks.
  struct Sums {
    std::uint64_t bytes_out, served;  // bytes of objects that are out; objects, ever
  };
  Sums sums() const;

  // All locks below the release lock and above the page heap's, for fork.
  void lock_all();
  void unlock_all();
  void reset_locks();

 private:
  OwnerBins* bins_of(std::size_t owner) const { return bins_[owner].load(std::memory_order_acquire); }
  // fn(bin, id), in the order of their locks.
  void each_bin(auto fn) const {
    for (std::uint8_t owner = 0; owner < kMaxOwners; ++owner) {
      OwnerBins* const bins = bins_of(owner);
      for (std::size_t c = 0; bins != nullptr && c < kClassCount; ++c) {
        fn((*bins)[c], BinId(static_cast<ClassIndex>(c), owner));
      }
    }
  }
  bool open_sparse_slab();
  bool open_any_slab(std::size_t smallest, std::uint32_t share);
  void* take_before_block(std::size_t c);

  PageHeap& pages_;
  const Limits& limits_;
  std::uint32_t next_to_open_ = 0;  // rank of the slab that is looked at next; under the release lock
  // The event of the next search near a soft limit. An update that is lost costs one search.
  std::atomic<std::uint64_t> next_search_{0};
  OwnerBins first_bins_;
  std::array<std::atomic<OwnerBins*>, kMaxOwners> bins_{&first_bins_};  // null until the owner is opened
  MixedBin mixed_;
};

}  // namespace neap
