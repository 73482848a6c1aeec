#include "pages/page_heap.h"

#include <bit>
#include <cstring>

#include "os/os.h"

namespace neap {
namespace {

// The first chunk is small and the heap doubles: a limit on address space that a program sets while it runs charges
// what is reserved, not what is used.
constexpr std::size_t kFirstChunk = std::size_t{64} << 20;
constexpr std::size_t kLargestWish = std::size_t{64} << 30;
constexpr std::size_t kLeastChunk = std::size_t{1} << 20;

// A block in use is passed over once a round; one look at the queue passes over at most this many.
constexpr int kMostSecondChances = 8;

// The least run that is decommitted in the last resort: each can be a mapping of its own.
constexpr std::size_t kLeastDecommit = 4;

// Under a limit on address space a chunk takes at most this part of it: the program's own maps need room too.
constexpr std::size_t kLimitShare = 8;

std::uint64_t count_pages(PageMask mask) { return static_cast<std::uint64_t>(std::popcount(mask)); }

PageMask low_pages(std::size_t pages) {
  return pages >= kPagesPerBlock ? PageMask{0xffff} : static_cast<PageMask>((1u << pages) - 1);
}

}  // namespace

Chunk* PageHeap::grow(std::size_t blocks, std::size_t align) {
  if (blocks > kSlots * kBlocksPerSlot / 2) return nullptr;
  const std::size_t need = blocks * kBlockSize;
  const std::size_t limit = os::address_space_limit();
  std::size_t wish = accounts_.reserved_bytes.get();
  if (wish < kFirstChunk) wish = kFirstChunk;
  if (wish > kLargestWish) wish = kLargestWish;
  if (limit != SIZE_MAX && wish > limit / kLimitShare) wish = round_up(limit / kLimitShare, kLeastChunk);
  for (Chunk* chunk = chunks_; align == 1 && chunk != nullptr; chunk = chunk->next) {
    if (chunk->is_vacant() && chunk->size() >= blocks && chunk->revive(map_, accounts_)) return chunk;
  }
  const std::size_t least = need < kLeastChunk ? kLeastChunk : need;
  Chunk* chunk = Chunk::create(least, wish, map_, accounts_, align * kBlockSize);
  if (chunk == nullptr) {
    vacate_free_chunks();
    chunk = Chunk::create(least, wish, map_, accounts_, align * kBlockSize);
  }
  if (chunk == nullptr) return nullptr;
  chunk->rank_from(next_rank_);
  next_rank_ += static_cast<std::uint32_t>(chunk->size());
  (newest_ == nullptr ? chunks_ : newest_->next) = chunk;
  newest_ = chunk;
  return chunk;
}

// Gives the address space of wholly free chunks back: under a limit, a large object can need it in one piece.
void PageHeap::vacate_free_chunks() {
  free_spares();
  for (Chunk *chunk = chunks_, *next = nullptr; chunk != nullptr; chunk = next) {
    next = chunk->next;
    end_chunk(*chunk);
  }
}

// Of a chunk that is wholly free. One that had mixed blocks stays in their list, without memory.
void PageHeap::end_chunk(Chunk& chunk) {
  if (chunk.is_vacant() || !chunk.is_wholly_free() || looked_at_.load(std::memory_order_acquire) == &chunk) return;
  queue_.drop(chunk);
  if (chunk.has_mixed) return chunk.vacate(map_, accounts_);
  Chunk* before = nullptr;
  for (Chunk* at = chunks_; at != &chunk; at = at->next) before = at;
  (before == nullptr ? chunks_ : before->next) = chunk.next;
  if (newest_ == &chunk) newest_ = before;
  Chunk::destroy(&chunk, map_, accounts_);
}

// Where address space is limited, what is free is there for others: the program's own maps, and threads' stacks.
void PageHeap::end_chunk_if_limited(Chunk& chunk) {
  if (chunk.is_wholly_free() && os::address_space_limit() != SIZE_MAX) end_chunk(chunk);
}

// Blocks are free again; whoever found none may find some now.
void PageHeap::return_blocks(Chunk& chunk, std::size_t first, std::size_t count) {
  chunk.give_back(first, count);
  if (is_short()) is_short_.store(false, std::memory_order_relaxed);
}

// Blocks that no object lies in, of a large object's run. Where the system ever refused to take pages, some of theirs
// may have been cleared by hand, and lie in memory.
void PageHeap::return_behind(Chunk& chunk, std::size_t first, std::size_t count) {
  return_blocks(chunk, first, count);
  if (refusals_.get() != 0) accounts_.resident_pages.add(mark_all_dirty(chunk, first, count));
}

void PageHeap::give_up_reserves() {
  Guard guard(lock_);
  vacate_free_chunks();
  const bool counted = os::counts_commits();
  for (Chunk* chunk = chunks_; chunk != nullptr; chunk = chunk->next) {
    if (chunk->is_vacant()) continue;
    cut_headroom(*chunk);
    if (counted) decommit_free_runs(*chunk);
  }
}

// Takes the address space back that large objects have in front of them.
void PageHeap::cut_headroom(Chunk& chunk) {
  for (std::size_t i = 0; i < chunk.committed();) {
    Block& block = *chunk.at(i);
    if (chunk.is_free(i) || block.kind.load(std::memory_order_relaxed) != BlockKind::large) {
      ++i;
      continue;
    }
    const std::size_t need = blocks_of(block.large.pages * kPageSize), has = block.large.blocks;
    if (need < has) return_behind(chunk, i + need, has - need);
    block.large.blocks = static_cast<std::uint32_t>(need);
    i += has;
  }
}

void PageHeap::decommit_free_runs(Chunk& chunk) {
  for (std::size_t i = 0, begin = 0; i < chunk.committed(); ++i) {
    if (!chunk.is_free(i)) {
      begin = i + 1;
      continue;
    }
    const std::size_t blocks = i + 1 - begin;
    const bool ends = i + 1 == chunk.committed() || !chunk.is_free(i + 1);
    if (!ends || blocks < kLeastDecommit || !os::decommit(chunk.address_of_block(begin), blocks * kBlockSize)) continue;
    std::uint64_t dirty = 0;
    chunk.each_dirty(begin, blocks, [&](Block& block) {
      dirty += count_pages(block.dirty);
      block.dirty = block.resident = 0;
    });
    chunk.close(begin, blocks);
    accounts_.marked_pages.subtract(dirty);
    accounts_.resident_pages.subtract(dirty);
    accounts_.returned_pages.add(dirty);
  }
}

Block* PageHeap::take(std::size_t blocks, std::size_t align, std::size_t commit_blocks) {
  Block* block = search(blocks, align, commit_blocks);
  if (block != nullptr || spares_.oldest() == nullptr) return block;
  free_spares();
  return search(blocks, align, commit_blocks);
}

Block* PageHeap::search(std::size_t blocks, std::size_t align, std::size_t commit_blocks) {
  bool refused = false;
  for (Chunk* chunk = chunks_; chunk != nullptr; chunk = chunk->next) {
    const Chunk::Taken taken = chunk->take(blocks, align, commit_blocks, accounts_);
    if (taken.block != nullptr) return taken.block;
    refused = refused || taken.refused;  // a later chunk may have a run that is committed already
  }
  Chunk* chunk = refused ? nullptr : grow(blocks, align);
  Block* block = chunk != nullptr ? chunk->take(blocks, align, commit_blocks, accounts_).block : nullptr;
  if (block == nullptr && blocks == 1) is_short_.store(true, std::memory_order_relaxed);
  if (chunk != nullptr && block == nullptr) end_chunk(*chunk);  // or every such request would reserve another
  return block;
}

Block* PageHeap::take_dirty(std::size_t blocks, std::size_t commit_blocks) {
  if (accounts_.marked_pages.get() == 0) return nullptr;
  for (Chunk* chunk = chunks_; chunk != nullptr; chunk = chunk->next) {
    if (Block* block = chunk->take_dirty(blocks, commit_blocks)) return block;
  }
  return nullptr;
}

Block* PageHeap::take_block(BlockKind kind, std::uint8_t size_class, std::size_t bits) {
  Guard guard(lock_);
  Block* block = take(1, 1, 1);
  if (block == nullptr) return nullptr;
  Chunk* chunk = map_.chunk(address_of(block->address()));
  const std::size_t index = chunk->index_of(block);
  if (!chunk->equip(*block, bits, accounts_)) {
    return_blocks(*chunk, index, 1);
    return nullptr;
  }
  chunk->each_dirty(index, 1, [](const Block&) {});
  block->size_class.store(size_class, std::memory_order_relaxed);
  block->kind.store(kind, std::memory_order_relaxed);
  return block;
}

void PageHeap::widen_bitmaps(Block& block, std::size_t objects) {
  bits::Word words[kMostObjects / bits::kWordBits];
  const std::size_t count = (objects + bits::kWordBits - 1) / bits::kWordBits;
  Guard guard(lock_);
  Chunk* chunk = map_.chunk(address_of(block.address()));
  std::memcpy(words, block.free_bits, count * sizeof(bits::Word));
  chunk->strip(block);  // first: there is room for one bitmap a block
  chunk->equip(block, kMixedBits, accounts_);
  for (std::size_t w = 0; w < count; ++w) bits::store(block.free_bits[w], words[w]);
}

void PageHeap::free_block(Block& block) {
  Guard guard(lock_);
  const PageMask fresh = static_cast<PageMask>(block.resident & ~block.dirty);
  block.dirty = block.resident;
  accounts_.marked_pages.add(count_pages(fresh));
  block.admit.store(0, std::memory_order_relaxed);
  block.kind.store(BlockKind::free, std::memory_order_relaxed);
  if (block.dirty != 0) enqueue_locked(block);
  Chunk* chunk = map_.chunk(address_of(block.address()));
  chunk->unmark_sparse(chunk->index_of(&block));
  chunk->strip(block);
  return_blocks(*chunk, chunk->index_of(&block), 1);
  if (block.dirty != 0) chunk->note_dirty(chunk->index_of(&block));
  end_chunk_if_limited(*chunk);
}

PageHeap::Run PageHeap::take_run(std::size_t blocks, std::size_t align_blocks, std::size_t pages) {
  Guard guard(lock_);
  const std::size_t commit_blocks = (pages + kPagesPerBlock - 1) / kPagesPerBlock;
  Block* first = align_blocks == 1 ? take_dirty(blocks, commit_blocks) : nullptr;
  if (first == nullptr) first = take(blocks, align_blocks, commit_blocks);
  if (first == nullptr) return {};
  Run run{first};
  Chunk* chunk = map_.chunk(address_of(first->address()));
  std::uint64_t dirty = 0;
  chunk->each_dirty(chunk->index_of(first), blocks, [&](Block& block) {
    if (run.dirty == nullptr) run.dirty = &block;
    run.dirty_end = &block + 1;
    dirty += count_pages(block.dirty);
  });
  accounts_.marked_pages.subtract(dirty);
  accounts_.resident_pages.add(pages);
  accounts_.resident_pages.subtract(dirty);
  accounts_.run_pages.add(pages);
  accounts_.runs.add(1);
  accounts_.large_served.add(1);
  first->large.pages = pages;
  first->large.blocks = static_cast<std::uint32_t>(blocks);
  first->large.huge = false;
  first->kind.store(BlockKind::large, std::memory_order_relaxed);
  return run;
}

void PageHeap::free_run(Block& first, Left left) {
  Guard guard(lock_);
  Chunk* chunk = map_.chunk(address_of(first.address()));
  if (left == Left::all) {
    spares_.remember(first.large.pages);
    first.dirtied_at.store(static_cast<std::uint32_t>(events()), std::memory_order_relaxed);
    queue_run(first, Turn::last);
  } else {
    accounts_.resident_pages.subtract(first.large.pages);
    if (left == Left::not_even_commitment) {
      chunk->close(chunk->index_of(&first), blocks_of(first.large.pages * kPageSize));
    }
    give_back(first);
  }
  end_chunk_if_limited(*chunk);
}

void PageHeap::give_back(Block& first) {
  accounts_.run_pages.subtract(first.large.pages);
  accounts_.runs.subtract(1);
  first.kind.store(BlockKind::free, std::memory_order_relaxed);
  Chunk* chunk = map_.chunk(address_of(first.address()));
  const std::size_t begin = chunk->index_of(&first), used = blocks_of(first.large.pages * kPageSize);
  return_blocks(*chunk, begin, used);
  if (used < first.large.blocks) return_behind(*chunk, begin + used, first.large.blocks - used);
}

// Ends a run; its pages go to the dirty queue.
void PageHeap::queue_run(Block& first, Turn turn) {
  const std::uint32_t since = first.dirtied_at.load(std::memory_order_relaxed);
  Chunk* chunk = map_.chunk(address_of(first.address()));
  const std::size_t begin = chunk->index_of(&first), used = first.large.pages;
  const std::size_t pages = refusals_.get() == 0 ? used : round_up(used, kPagesPerBlock);  // as in return_behind
  accounts_.marked_pages.add(pages);
  accounts_.resident_pages.add(pages - used);
  give_back(first);
  for (std::size_t i = 0; i * kPagesPerBlock < pages; ++i) {
    chunk->prepare(begin + i);
    chunk->note_dirty(begin + i);
    Block& block = *chunk->at(begin + i);
    block.dirty = block.resident = low_pages(pages - i * kPagesPerBlock);
    block.dirtied_at.store(since, std::memory_order_relaxed);
    if (block.queued.load(std::memory_order_relaxed) != 0) continue;
    turn == Turn::next ? queue_.prepend(block) : queue_.append(block);
  }
}

[[gnu::noinline]] void PageHeap::make_room_for_spare() { queue_run(*spares_.take_oldest(), Turn::next); }

bool PageHeap::resize(Block& first, std::size_t pages, PageMask& stale) {
  Guard guard(lock_);
  Chunk* chunk = map_.chunk(address_of(first.address()));
  const std::size_t begin = chunk->index_of(&first);
  const std::size_t had = first.large.blocks, old_pages = first.large.pages;
  const std::size_t need = (pages + kPagesPerBlock - 1) / kPagesPerBlock;
  if (pages > old_pages) {
    if (!chunk->make_usable(begin, need < had ? need : had, accounts_)) return false;
    if (need > had && !chunk->take_at_and_commit(begin + had, need - had, accounts_)) return false;
    std::uint64_t dirty = 0;
    chunk->each_dirty(begin + had, need > had ? need - had : 0, [&](Block& block) {
      dirty += count_pages(block.dirty);
      const std::size_t behind = static_cast<std::size_t>(&block - &first) * kPagesPerBlock;
      stale = static_cast<PageMask>(block.dirty & ~low_pages(pages - behind));
      block.dirty = block.resident = 0;
    });
    accounts_.marked_pages.subtract(dirty);
    accounts_.resident_pages.add(pages - old_pages - dirty);
    accounts_.run_pages.add(pages - old_pages);
    if (need > had) first.large.blocks = static_cast<std::uint32_t>(need);
  } else {
    accounts_.resident_pages.subtract(old_pages - pages);
    accounts_.run_pages.subtract(old_pages - pages);
    if (need < had) return_behind(*chunk, begin + need, had - need);
    first.large.blocks = static_cast<std::uint32_t>(need);
  }
  first.large.pages = pages;
  return true;
}

void PageHeap::mark_sparse(const Block& block) {
  Chunk* chunk = map_.chunk(address_of(block.address()));
  chunk->mark_sparse(chunk->index_of(&block));
  may_have_sparse_.store(true, std::memory_order_relaxed);
}

Block* PageHeap::take_sparse() {
  Guard guard(lock_);
  may_have_sparse_.store(false, std::memory_order_relaxed);  // before the look: one noted meanwhile is not forgotten
  for (Chunk* chunk = chunks_; chunk != nullptr; chunk = chunk->next) {
    const std::size_t index = chunk->first_sparse();
    if (index == chunk->size()) continue;
    chunk->unmark_sparse(index);
    may_have_sparse_.store(true, std::memory_order_relaxed);
    looked_at_.store(chunk, std::memory_order_relaxed);
    return chunk->at(index);
  }
  return nullptr;
}

Block* PageHeap::next_slab(std::uint32_t rank) {
  Guard guard(lock_);
  for (Chunk* chunk = chunks_; chunk != nullptr; chunk = chunk->next) {
    for (std::size_t i = chunk->first_rank() < rank ? rank - chunk->first_rank() : 0; i < chunk->committed(); ++i) {
      Block* block = chunk->at(i);
      if (block->kind.load(std::memory_order_relaxed) != BlockKind::slab) continue;
      looked_at_.store(chunk, std::memory_order_relaxed);
      return block;
    }
  }
  return nullptr;
}

void PageHeap::account(const Touched& touched) {
  if (touched.became_resident != 0) accounts_.resident_pages.add(touched.became_resident);
  if (touched.were_dirty != 0) accounts_.marked_pages.subtract(touched.were_dirty);
}

void PageHeap::mark_dirty(Block& block, PageMask fresh) {
  if (fresh == 0) return;
  block.dirty |= fresh;
  block.dirtied_at.store(static_cast<std::uint32_t>(events()), std::memory_order_relaxed);
  accounts_.marked_pages.add(count_pages(fresh));
  enqueue(block);
}

PageMask PageHeap::claim_dirty(Block& block) {
  const PageMask claimed = block.dirty;
  block.dirty = 0;
  accounts_.marked_pages.subtract(count_pages(claimed));
  return claimed;
}

PageMask PageHeap::discard(const Block& block, PageMask claimed) {
  std::uint64_t calls = 0;
  PageMask kept = 0;
  each_run(claimed, [&](std::uint32_t first, std::uint32_t length) {
    ++calls;
    if (!os::discard(block.address() + first * kPageSize, length * kPageSize)) {
      kept = static_cast<PageMask>(kept | (((1u << length) - 1) << first));
    }
  });
  if (kept != 0) refusals_.add(1);
  const std::uint64_t gone = count_pages(static_cast<PageMask>(claimed & ~kept));
  accounts_.return_calls.add(calls);
  accounts_.returned_pages.add(gone);
  accounts_.resident_pages.subtract(gone);
  return kept;
}

void PageHeap::end_discard(Block& block, PageMask claimed, PageMask kept) {
  block.resident = static_cast<PageMask>((block.resident & ~claimed) | kept);
  mark_dirty(block, kept);
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

// How many events ago pages of the block fell free.
std::uint32_t PageHeap::age(const Block& block) const {
  return static_cast<std::uint32_t>(events()) - block.dirtied_at.load(std::memory_order_relaxed);
}

// Spares queue up when they are old, or older than all that waits there.
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
      if (++young == kMostSecondChances) return {};
      continue;
    }
    const BlockKind kind = block->kind.load(std::memory_order_relaxed);
    Chunk* chunk = map_.chunk(address_of(block->address()));
    if (kind == BlockKind::slab || kind == BlockKind::mixed) {
      looked_at_.store(chunk, std::memory_order_relaxed);
      return {kind == BlockKind::slab ? Due::What::slab : Due::What::mixed, block, nullptr, 1, 0};
    }
    if (chunk->is_free(chunk->index_of(block)) && block->dirty != 0) return claim_free_run(*block, most_blocks);
  }
  return {};
}

void PageHeap::end_free_run(const Due& due, Left left) {
  Guard guard(lock_);
  const std::size_t begin = due.chunk->index_of(due.block);
  if (left == Left::not_even_commitment) due.chunk->close(begin, due.blocks);
  return_blocks(*due.chunk, begin, due.blocks);
  if (left == Left::all) {
    refusals_.add(1);
    accounts_.resident_pages.add(mark_all_dirty(*due.chunk, begin, due.blocks) - due.pages);
  } else {
    accounts_.resident_pages.subtract(due.pages);
    accounts_.returned_pages.add(due.pages);
    accounts_.return_calls.add(1);
  }
  end_chunk_if_limited(*due.chunk);
}

// Of free blocks that may hold anything now, and must never be taken for zeros. Returns how many pages they have.
std::uint64_t PageHeap::mark_all_dirty(Chunk& chunk, std::size_t first, std::size_t count) {
  std::uint64_t pages = 0;
  for (std::size_t i = first; i < first + count && i < chunk.committed(); ++i) {
    if (chunk.is_closed(i)) continue;
    chunk.prepare(i);
    Block& block = *chunk.at(i);
    block.dirty = block.resident = PageMask{0xffff};
    chunk.note_dirty(i);
    enqueue_locked(block);
    pages += kPagesPerBlock;
  }
  accounts_.marked_pages.add(pages);
  return pages;
}

}  // namespace neap
