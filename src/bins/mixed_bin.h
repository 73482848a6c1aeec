// MixedBin: all mixed blocks, shared by all threads behind one lock that is held for a batch. Objects are placed by
// address-ordered first fit; a page that falls wholly free is queued for release.
//
// Rank: behind the bins' locks, before the page heap's.
#pragma once

#include <cstdint>

#include "mixed/mixed_block.h"
#include "os/mutex.h"
#include "pages/page_heap.h"
#include "sizes/size_class.h"

namespace neap {

class alignas(64) MixedBin {
 public:
  // Makes a mixed block of a slab that its bin has given up; the caller holds the bin's lock.
  void adopt(Block& block, PageHeap& pages);

  // Adds an empty block. False when memory is out.
  bool add_block(PageHeap& pages);

  // Takes 1 to `want` objects of one block, as Bin::take does. 0 when there is no hole for any.
  std::uint32_t take(ClassIndex c, PageHeap& pages, void** out, std::uint32_t want);

  // Gives objects back. Aborts on a double free and on a pointer into the middle of an object.
  void give(PageHeap& pages, void* const* objects, std::uint32_t count, const char* function);

  // Aborts when no live object begins there.
  void check_live(const Block& block, const void* object, const char* function);

  // As Bin's: sets the dirty pages of a block that was a mixed one a moment ago aside, and ends that.
  PageMask set_aside(Block& block, PageHeap& pages);
  void end_aside(const Aside& aside, PageHeap& pages);

  std::uint64_t bytes_out() const { return bytes_out_.get(); }
  std::uint64_t served() const { return served_.get(); }  // objects, ever
  Mutex& lock() { return lock_; }

 private:
  void give_one(PageHeap& pages, void* object, const char* function);
  void enlist(Block& block, PageHeap& pages);
  void note_hole(const Block& block, std::uint32_t granules);
  bool end_if_empty(Block& block, PageHeap& pages);

  Mutex lock_;
  Chunk* chunks_ = nullptr;  // those that have had mixed blocks, by age
  LockedCounter blocks_, bytes_out_, served_;
};

}  // namespace neap
