// Dirty pages: how they come to wait in the queue, and how they leave it.
#include "os/os.h"
#include "pages/discards.h"
#include "pages/page_heap.h"

namespace neap {
namespace {

// One look at the queue passes over at most this many blocks that are still busy.
constexpr int kMaxSecondChances = 8;

}  // namespace

void PageHeap::mark_dirty(Block& block, PageMask newly_dirty) {
  if (newly_dirty == 0) return;
  block.dirty |= newly_dirty;
  block.dirtied_at.store(static_cast<std::uint32_t>(events()), std::memory_order_relaxed);
  accounts_.marked_pages.add(count_pages(newly_dirty));
  enqueue(block);
}

PageMask PageHeap::claim_dirty(Block& block) {
  const PageMask claimed = block.dirty;
  block.dirty = 0;
  accounts_.marked_pages.subtract(count_pages(claimed));
  return claimed;
}

void PageHeap::discard(std::span<Aside> asides, std::span<Due> runs) {
  Discards discards;
  for (Aside& aside : asides) discards.add(aside);
  for (Due& run : runs) discards.add(run);
  discards.make();
  std::uint64_t gone = 0, kept = 0;
  for (const Aside& aside : asides) {
    gone += count_pages(static_cast<PageMask>(aside.pages & ~aside.kept));
    kept |= aside.kept;
  }
  if (kept != 0) refusals_.add(1);
  accounts_.return_calls.add(discards.calls());
  accounts_.returned_pages.add(gone);
  accounts_.resident_pages.subtract(gone);
}

void PageHeap::end_discard(const Aside& aside) {
  Block& block = *aside.block;
  block.resident = static_cast<PageMask>((block.resident & ~aside.pages) | aside.kept);
  block.returned_at = return_clock();
  mark_dirty(block, aside.kept);
  if (block.dirty != 0) enqueue(block);
}

void PageHeap::enqueue(Block& block) {
  if (block.queued.load(std::memory_order_relaxed) != 0) return;
  Guard guard(lock_);
  enqueue_locked(block);
}

void PageHeap::enqueue_locked(Block& block) {
  if (block.queued.load(std::memory_order_relaxed) != 0) return;
  block.dirtied_at.store(static_cast<std::uint32_t>(events()), std::memory_order_relaxed);
  queue_.append(block);
}

Due PageHeap::claim_free_run(Block& block, std::size_t most_blocks) {
  Chunk* chunk = map_.chunk(address_of(block.address()));
  const auto dirty_and_free = [&](std::size_t i) { return chunk->is_free(i) && chunk->at(i)->dirty != 0; };
  std::size_t begin = chunk->index_of(&block), end = begin + 1;
  while (begin > 0 && end - begin < most_blocks && dirty_and_free(begin - 1)) --begin;
  while (end < chunk->committed() && end - begin < most_blocks && dirty_and_free(end)) ++end;
  Due due{Due::What::free_run, chunk->at(begin), chunk, end - begin, 0};
  for (std::size_t i = begin; i < end; ++i) {
    due.pages += count_pages(chunk->at(i)->dirty);
    chunk->at(i)->dirty = chunk->at(i)->resident = 0;
  }
  accounts_.marked_pages.subtract(due.pages);
  chunk->take_at(begin, end - begin);
  chunk->each_dirty(begin, end - begin, [](const Block&) {});
  return due;
}

void PageHeap::free_spares() {
  while (spares_.oldest() != nullptr) queue_run(*spares_.take_oldest(), Turn::next);
}

// How many events ago a page of the block fell free last.
std::uint32_t PageHeap::age(const Block& block) const {
  return static_cast<std::uint32_t>(events()) - block.dirtied_at.load(std::memory_order_relaxed);
}

// Moves spares to the front of the queue when they are due: with an age given, those of that age; otherwise those that
// are older than all that waits in the queue.
void PageHeap::queue_spares(std::uint64_t older_than) {
  for (const Block* run = spares_.oldest(); run != nullptr; run = spares_.oldest()) {
    const bool first = queue_.empty() || age(*run) > age(queue_.oldest());
    if (older_than == 0 ? !first : age(*run) < older_than) return;
    queue_run(*spares_.take_oldest(), Turn::next);
  }
}

Due PageHeap::pop_due(std::uint64_t older_than, std::size_t most_blocks) {
  Guard guard(lock_);
  int young = 0;
  while (queue_spares(older_than), !queue_.empty()) {
    Block* block = queue_.pop();
    if (age(*block) < older_than) {
      queue_.append(*block);
      if (++young == kMaxSecondChances) return {};
      continue;
    }
    const BlockKind kind = block->kind.load(std::memory_order_relaxed);
    Chunk* chunk = map_.chunk(address_of(block->address()));
    if (kind == BlockKind::slab || kind == BlockKind::mixed) {
      looked_at_.store(chunk, std::memory_order_relaxed);
      return {kind == BlockKind::slab ? Due::What::slab : Due::What::mixed, block, nullptr, 1, 0};
    }
    if (kind == BlockKind::large) {
      if (block->large.tail != 0) return claim_tail(*block);
      continue;
    }
    if (chunk->is_free(chunk->index_of(block)) && block->dirty != 0) return claim_free_run(*block, most_blocks);
  }
  return {};
}

void PageHeap::end_free_run(const Due& due, Left left) {
  Guard guard(lock_);
  const std::size_t begin = due.chunk->index_of(due.block);
  if (left == Left::not_even_commitment) {
    due.chunk->close(begin, due.blocks);
    accounts_.return_calls.add(1);
  }
  return_blocks(*due.chunk, begin, due.blocks);
  if (left == Left::all) {
    refusals_.add(1);
    accounts_.resident_pages.add(mark_all_dirty(*due.chunk, begin, due.blocks) - due.pages);
  } else {
    accounts_.resident_pages.subtract(due.pages);
    accounts_.returned_pages.add(due.pages);
    for (std::size_t i = begin; i < begin + due.blocks; ++i) due.chunk->at(i)->returned_at = return_clock();
  }
  end_chunk_if_limited(*due.chunk);
}

// Counts the pages of a run, taken just now, that have no memory and would have some, had the heap kept more. A block
// that remembers nothing went back with the one before it (note_returned).
std::uint64_t PageHeap::count_missed(Chunk& chunk, std::size_t first, std::size_t pages) const {
  std::uint64_t missed = 0;
  bool is_missed = false;
  for (std::size_t at = 0; at < pages; at += kPagesPerBlock) {
    const Block& block = *chunk.at(first + at / kPagesPerBlock);
    if (block.returned_at != 0) is_missed = this->is_missed(block.returned_at);
    if (is_missed) missed += count_pages(low_pages(pages - at) & static_cast<PageMask>(~block.dirty));
  }
  return missed;
}

// Notes when the memory of a large object went back. Of its other blocks only those that remember an earlier time need
// to: the descriptors of the rest may never have been written, and are to stay so. What lies behind the reach of the
// slack is not even looked at.
void PageHeap::note_returned(Block& first) {
  const std::uint16_t now = first.returned_at = return_clock();
  const std::size_t blocks = blocks_of(first.large.pages * kPageSize), reach = reach_in_blocks();
  for (std::size_t i = 1; i < blocks && i < reach; ++i) {
    Block& block = (&first)[i];
    if (block.returned_at != 0) block.returned_at = now;
  }
}

// Notes that the memory of what is dirty in blocks is gone.
void PageHeap::note_gone(Chunk& chunk, std::size_t first, std::size_t count) {
  std::uint64_t gone = 0;
  chunk.each_dirty(first, count, [&](Block& block) {
    gone += count_pages(block.dirty);
    block.dirty = block.resident = 0;
  });
  accounts_.marked_pages.subtract(gone);
  accounts_.resident_pages.subtract(gone);
  accounts_.returned_pages.add(gone);
}

// Marks free blocks as wholly dirty: they may hold anything, and must never be taken for zeros. Returns how many pages
// were not dirty before.
std::uint64_t PageHeap::mark_all_dirty(Chunk& chunk, std::size_t first, std::size_t count) {
  std::uint64_t pages = 0;
  for (std::size_t i = first; i < first + count && i < chunk.committed(); ++i) {
    if (chunk.is_closed(i)) continue;
    chunk.prepare(i);
    Block& block = *chunk.at(i);
    pages += kPagesPerBlock - count_pages(block.dirty);
    block.dirty = block.resident = PageMask{0xffff};
    chunk.note_dirty(i);
    enqueue_locked(block);
  }
  accounts_.marked_pages.add(pages);
  return pages;
}

}  // namespace neap
