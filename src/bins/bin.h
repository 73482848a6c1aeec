// Bin: an owner's slabs of one size class, behind one lock that is held for a batch. An owner is a CPU, or several CPUs
// that are taken for one. Only its own threads are served from its slabs, so that objects side by side are in use on
// one CPU and are not written to by turns; anybody gives objects back. Refills come from the lowest slab that has free
// objects, in address order. A page that falls wholly free is queued for release.
//
// Rank: a bin's lock is taken before the page heap's, and never two bins' at once (fork takes them all, by class).
#pragma once

#include <array>
#include <cstdint>

#include "bins/limbo.h"
#include "bins/misuse.h"
#include "os/mutex.h"
#include "pages/page_heap.h"
#include "sizes/size_class.h"
#include "slabs/nonfull.h"
#include "slabs/slab.h"

namespace neap {

class MixedBin;

// The most owners that there can be. A process of one thread has the first alone.
inline constexpr std::uint8_t kMaxOwners = 8;

// Names a bin by its size class and its owner.
struct BinId {
  constexpr BinId(ClassIndex of, std::uint8_t whose = 0) : c(of), owner(whose) {}
  static BinId of(const Block& slab) {
    return {static_cast<ClassIndex>(slab.class_index()), slab.owner.load(std::memory_order_relaxed)};
  }
  bool operator==(const BinId&) const = default;

  ClassIndex c;
  std::uint8_t owner;
};

// A class gets its first slab when this many bytes of it were asked for, and another when this many times what its
// slabs hold. Until then holes among other sizes serve it.
inline constexpr std::uint64_t kBytesForFirstSlab = 8 << 10;
inline constexpr std::uint64_t kTimesForMore = 4;

class alignas(64) Bin {
 public:
  enum class Growth : std::uint8_t { no, by_a_slab };

  // Takes 1 to `want` objects of one slab, lowest first. The first is for use at once; the others are fetched ahead. 0
  // when no slab has a free object and none may be added, or memory is out.
  std::uint32_t take(BinId id, PageHeap& pages, void** out, std::uint32_t want, Growth growth = Growth::by_a_slab);

  // Takes the lowest free object of the lowest slab that has any; null when none has.
  void* take_one(BinId id, PageHeap& pages);

  // For a hardened heap: takes the first free object at or after index `start` of a slab. Null when memory is out.
  // `fresh` tells that its pages held no memory before.
  void* take_at(BinId id, PageHeap& pages, std::uint32_t start, bool& fresh);
  // Gives back an object that waits (slabs/waiting.h).
  void give_waiting(BinId id, PageHeap& pages, void* object, const char* function);

  // Gives objects of this class back. Aborts on a double free and on a pointer into the middle of an object.
  // Returns how many lie in mixed blocks or in other owners' slabs: those are moved to the front, for their caller to
  // give back there.
  std::uint32_t give(BinId id, PageHeap& pages, void** objects, std::uint32_t count, const char* function);

  // Gives one object back, if a live one begins there in a slab of this bin. Otherwise it gives false and has done
  // nothing.
  bool give_one(BinId id, PageHeap& pages, Block& block, void* object);
  // The same without the lock, where no other thread can exist and the block is known to be a slab of this bin.
  [[gnu::always_inline]] bool give_alone(const ClassRow& row, PageHeap& pages, Block& block, void* object) {
    if (!put(row, pages, block, object)) return false;
    bytes_out_.subtract(row.size);
    return true;
  }

  // Prefetches what `give` will touch. Needs no lock.
  static void expect(const PageHeap& pages, const void* object) {
    Block* block = pages.map().block_fast(address_of(object));
    const std::size_t word = index_in_slab(kClasses[block->class_index()], offset_in_block(object)) / bits::kWordBits;
    std::atomic_ref free_bits(block->free_bits);  // may change meanwhile: the slab is opened
    __builtin_prefetch(free_bits.load(std::memory_order_relaxed) + word, 1);
  }

  // Gives the slab back that is kept for the next object although none is out.
  void give_up_empty(BinId id, PageHeap& pages);

  // Sets the dirty pages of a block that was a slab of this bin a moment ago aside, with the objects on them, so that
  // they can be discarded without the lock. Returns which pages; none where there is nothing left to do, or where
  // others of the block are out already.
  PageMask set_aside(BinId id, Block& block, PageHeap& pages);
  void end_aside(BinId id, const Aside& aside, PageHeap& pages);

  // Makes a mixed block of a slab, if it is one of this bin, has so many free objects and some live ones, and is not
  // the one refilled from.
  bool hand_over(BinId id, Block& block, PageHeap& pages, MixedBin& mixed, std::uint32_t least_free);

  // Aborts when the object lies in its slab, which means that it was freed already. False when its block is no slab any
  // more.
  bool check_live(BinId id, const PageHeap& pages, void* object, const char* function);

  // Counts bytes that were asked for while no slab had a free object. True when they are enough for another slab.
  bool deserves_slab(std::uint64_t bytes);
  bool has_slabs() const { return slabs_.get() != 0; }

  std::uint64_t bytes_out() const { return bytes_out_.get(); }  // of objects out of its slabs
  std::uint64_t served() const { return served_.get(); }        // objects, ever
  Mutex& lock() { return lock_; }

 private:
  // The index of an object in its slab; aborts when the pointer does not begin one.
  static std::uint32_t index_of(const ClassRow& row, const void* object, const char* function) {
    const std::uint32_t offset = offset_in_block(object), index = index_in_slab(row, offset);
    if (index >= row.capacity || !begins_object(offset, row.reciprocal)) [[unlikely]]
      no_object(row, object, function);
    return index;
  }
  [[noreturn]] static void no_object(const ClassRow& row, const void* object, const char* function);
  [[noreturn]] static void not_live(const ClassRow& row, void* object, const char* function) {
    index_of(row, object, function);
    no_object_any_more(object, function);
  }
  // Puts one object back. Most of the time that sets one bit: only at few frees a page falls free, or the slab becomes
  // something else to its bin (put_more). False when no live object begins there.
  [[gnu::always_inline]] bool put(const ClassRow& row, PageHeap& pages, Block& block, void* object) {
    const std::uint32_t offset = offset_in_block(object), index = index_in_slab(row, offset);
    if (!begins_object(offset, row.reciprocal) || slab::is_aside(block, row, index) || !slab::give(block, index)) {
      return false;
    }
    const std::uint32_t emptied = slab::leave_pages(block, row, offset);
    if (emptied != 0 || block.free_count == block.settle_at) [[unlikely]]
      put_more(row, pages, block, emptied);
    return true;
  }
  [[gnu::noinline]] void put_more(const ClassRow& row, PageHeap& pages, Block& block, std::uint32_t emptied);
  std::uint32_t put_together(const ClassRow& row, PageHeap& pages, Block& block, void* const* objects,
                             std::uint32_t count, const char* function);
  Block* open_slab(BinId id, const ClassRow& row, PageHeap& pages);
  void count_taken(Block& block, const ClassRow& row, PageHeap& pages, std::uint32_t taken, const Touched& touched);
  void settle(Block& block, const ClassRow& row, PageHeap& pages, std::uint32_t before);
  void set_admission(Block& block, const ClassRow& row);
  void add_slab();
  void end_slab(Block& block, const ClassRow& row, PageHeap& pages);
  void note_lowest(const ClassRow& row);

  Mutex lock_;
  NonfullSlabs nonfull_;
  Block* lowest_ = nullptr;  // whose `admission` says that it is refilled from
  LockedCounter bytes_out_, served_, slabs_;
  std::atomic<std::uint32_t> drained_{0};  // slabs that fell empty, and were not opened anew yet
  std::atomic<std::uint64_t> wished_{0};   // bytes, since the newest slab; threads may lose one another's
};

// The bins of one owner.
using OwnerBins = std::array<Bin, kClassCount>;

}  // namespace neap
