// Bin: all slabs of one size class, shared by all threads behind one lock that is held for a batch. Refills come from
// the slab with free objects at the lowest address, in address order; a page that falls wholly free is queued for
// release.
//
// Rank: a bin's lock is taken before the page heap's, and never two bins' at once (fork takes them all, by class).
#pragma once

#include <cstdint>

#include "os/mutex.h"
#include "pages/page_heap.h"
#include "sizes/size_class.h"
#include "slabs/nonfull.h"
#include "slabs/slab.h"

namespace neap {

class alignas(64) Bin {
 public:
  // Takes 1 to `want` objects of one slab, lowest first. 0 when memory is out.
  std::uint32_t take(ClassIndex c, PageHeap& pages, void** out, std::uint32_t want);

  // Gives objects of this class back. Aborts on a double free and on a pointer into the middle of an object.
  void give(PageHeap& pages, void* const* objects, std::uint32_t count, const char* function);

  // Discards the dirty pages of a block that was a slab of this bin a moment ago: sets their objects aside under the
  // lock, discards without it.
  void release_pages(ClassIndex c, Block& block, PageHeap& pages);

  // Aborts when the object is in its slab, that is, was freed.
  void check_live(const PageHeap& pages, void* object, const char* function);

  std::uint64_t objects_out() const { return objects_out_.load(std::memory_order_relaxed); }
  Mutex& lock() { return lock_; }

 private:
  void give_one(PageHeap& pages, void* object, const char* function);
  static void mark_dirty(Block& block, PageMask fresh, PageHeap& pages);
  void settle(Block& block, const ClassRow& row, PageHeap& pages, bool was_full);
  void admit(Block& block, const ClassRow& row);
  void note_lowest(const ClassRow& row);

  Mutex lock_;
  NonfullSlabs nonfull_;
  Block* lowest_ = nullptr;  // whose `admit` says that it is refilled from
  std::atomic<std::uint64_t> objects_out_{0};
};

}  // namespace neap
