// Tails: the dirty pages of a large object's last block that lie behind the object. An object that takes a dirty place
// seldom ends where the garbage does. The pages behind it stay dirty and wait for their turn in the dirty queue, as the
// run's first block, because a discard at each allocation would cost more than the rest of it
// (docs/decisions/043-tails.md).
//
// While a tail is out for release its run neither ends nor changes: its owner waits for the release lock.
#include "pages/page_heap.h"

namespace neap {
namespace {

Block& last_block(Block& first) { return (&first)[blocks_of(first.large.pages * kPageSize) - 1]; }

}  // namespace

void PageHeap::set_tail(Block& first, PageMask tail) {
  first.large.tail = tail;
  if (tail != 0) enqueue_locked(first);
}

// The pages of a tail that lie inside an object which grows to `pages`.
PageMask PageHeap::tail_inside(Block& first, std::size_t pages) {
  const std::size_t before = (blocks_of(first.large.pages * kPageSize) - 1) * kPagesPerBlock;
  return static_cast<PageMask>(first.large.tail & low_pages(pages - before));
}

// Notes that the memory of a tail is gone.
void PageHeap::forget_tail(Block& first) {
  const std::uint32_t gone = count_pages(first.large.tail);
  first.large.tail = 0;
  if (gone == 0) return;
  accounts_.marked_pages.subtract(gone);
  accounts_.resident_pages.subtract(gone);
  accounts_.returned_pages.add(gone);
}

// Makes a tail dirty pages of a block that is about to be free.
void PageHeap::leave_tail(Block& first) {
  const PageMask tail = first.large.tail;
  first.large.tail = 0;
  if (tail == 0) return;
  Block& block = last_block(first);
  Chunk* chunk = map_.chunk(address_of(first.address()));
  block.dirty = block.resident = tail;
  chunk->note_dirty(chunk->index_of(&block));
  enqueue_locked(block);
}

Due PageHeap::claim_tail(Block& first) {
  first.aside.store(first.large.tail, std::memory_order_relaxed);
  accounts_.marked_pages.subtract(count_pages(first.large.tail));
  first.large.tail = 0;
  return {Due::What::tail, &first, nullptr, 1, 0};
}

Aside PageHeap::aside_of_tail(Block& first) {
  return {&last_block(first), first.aside.load(std::memory_order_relaxed), 0, &first};
}

void PageHeap::end_tail(const Aside& aside) {
  Guard guard(lock_);
  aside.block->returned_at = return_clock();
  aside.first->aside.store(0, std::memory_order_relaxed);
  accounts_.marked_pages.add(count_pages(aside.kept));
  set_tail(*aside.first, aside.kept);
}

}  // namespace neap
