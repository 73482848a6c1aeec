// A page heap of its own over the fake system, and what slabs, large objects and the release policy do with one.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <memory>
#include <vector>

#include "fake_os.h"
#include "ledger.h"
#include "os/os.h"
#include "pages/page_heap.h"
#include "slabs/slab.h"

namespace neap {

class PageHeapTest : public testing::Test {
 protected:
  PageHeapTest() { fake_os::reset(); }
  ~PageHeapTest() override { fake_os::reset(); }

  Accounts& sums() { return heap_.accounts(); }

  // A slab that has written to the pages of `resident`.
  Block* make_slab(PageMask resident, std::uint8_t owner = 0) {
    Block* block = heap_.take_slab(5, owner, kClasses[5].capacity);
    slab::init(*block, kClasses[5]);
    for (std::uint32_t page = 0; page < kPagesPerBlock; ++page) {
      if ((resident >> page) & 1) block->address()[page * kPageSize] = 'x';
    }
    const PageMask fresh = static_cast<PageMask>(resident & ~block->resident);
    sums().resident_pages.add(static_cast<std::uint64_t>(std::popcount(fresh)));
    sums().marked_pages.subtract(
        static_cast<std::uint64_t>(std::popcount(static_cast<PageMask>(resident & block->dirty))));
    block->resident |= resident;
    block->dirty = static_cast<PageMask>(block->dirty & ~resident);
    return block;
  }
  std::vector<Block*> slabs(std::size_t count) {
    std::vector<Block*> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(make_slab(0x0001));
    return all;
  }
  Block* run(std::size_t blocks, std::size_t pages) {
    const PageHeap::Run run = heap_.take_run(blocks, 1, pages);
    if (run.first == nullptr) return nullptr;
    heap_.forget_dirty(run, [](char* garbage, std::size_t bytes) { std::memset(garbage, 0, bytes); });
    std::memset(run.first->address(), 'r', pages * kPageSize);
    return run.first;
  }
  // Ends a large object as the heap does.
  void end(Block& first) {
    if (!heap_.keep_spare(first)) heap_.free_run(first, Left::all);
  }
  // Discards what is due, as the release policy does. Returns the blocks that it began with.
  std::vector<Block*> release(std::uint64_t older_than) {
    std::vector<Block*> begun;
    for (;;) {
      const Due due = heap_.pop_due(older_than);
      if (due.what == Due::What::nothing) return begun;
      begun.push_back(due.block);
      if (due.what == Due::What::tail) end_tail(*due.block);
      if (due.what != Due::What::free_run) continue;
      heap_.end_free_run(due, os::discard(due.block->address(), due.blocks * kBlockSize) ? Left::nothing : Left::all);
    }
  }
  void end_tail(Block& first) {
    Aside aside = heap_.aside_of_tail(first);
    heap_.discard({&aside, 1});
    heap_.end_tail(aside);
  }
  static bool is_committed(const char* address) {
    for (const fake_os::Range& range : fake_os::committed()) {
      if (range.begin <= address && address < range.begin + range.size) return true;
    }
    return false;
  }
  void expect_in_order() {
    const Ledger truth = recount(*map_);
    EXPECT_EQ(truth.fault, "");
    EXPECT_EQ(sums().resident_pages.get(), truth.resident_pages);
    EXPECT_EQ(heap_.dirty_pages(), truth.dirty_pages);
    EXPECT_EQ(heap_.large_pages(), truth.large_pages);
    EXPECT_EQ(heap_.large_objects(), truth.large_objects);
  }

  std::unique_ptr<PageMap> map_ = std::make_unique<PageMap>();
  PageHeap heap_{*map_};
};

}  // namespace neap
