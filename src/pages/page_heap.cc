#include "pages/page_heap.h"

#include <cstring>

#include "os/os.h"

namespace neap {
namespace {

// The first chunk is small and the heap doubles: a limit on address space that a program sets while it runs charges
// what is reserved, not what is used.
constexpr std::size_t kFirstChunk = std::size_t{64} << 20;
constexpr std::size_t kLargestWish = std::size_t{64} << 30;
constexpr std::size_t kMinChunk = std::size_t{1} << 20;
constexpr std::size_t kLargestGrouped = kSlotSize;  // of slabs that share guards, all of which are laid at once

// A chunk writes 4 KiB of metadata for each GiB that it has. From this size on the system is therefore asked first
// whether it grants the memory at all, so that a size beyond every machine is refused at the price of a few calls.
constexpr std::size_t kAskFirst = std::size_t{16} << 30;

// Under a limit on address space a chunk takes at most this part of it: the program's own maps need space too.
constexpr std::size_t kLimitShare = 8;

// The pages of a block that lie inside an object of `pages` pages which begins with the block `first`.
PageMask pages_inside(const Block& first, const Block& block, std::size_t pages) {
  const std::size_t before = static_cast<std::size_t>(&block - &first) * kPagesPerBlock;
  return before < pages ? low_pages(pages - before) : PageMask{0};
}

}  // namespace

Chunk* PageHeap::grow(std::size_t blocks, std::size_t align, std::size_t commit_blocks, Spacing spacing) {
  if (blocks > kSlots * kBlocksPerSlot / 2) return nullptr;
  // (The first block of a chunk with guards is never taken.)
  const std::size_t need = (spacing != kUnguarded ? blocks + align : blocks) * kBlockSize;
  const std::size_t limit = os::address_space_limit();
  std::size_t wish = accounts_.reserved_bytes.get();
  if (wish < kFirstChunk) wish = kFirstChunk;
  if (wish > kLargestWish) wish = kLargestWish;
  if (spacing > kOwnGuards && wish > kLargestGrouped) wish = kLargestGrouped;
  if (limit != SIZE_MAX && wish > limit / kLimitShare) wish = round_up(limit / kLimitShare, kMinChunk);
  for (Chunk* chunk = chunks_; align == 1 && chunk != nullptr; chunk = chunk->next) {
    if (chunk->is_vacant() && chunk->spacing() == spacing && chunk->size() >= blocks && chunk->revive(map_, accounts_))
      return chunk;
  }
  const std::size_t least = need < kMinChunk ? kMinChunk : need, committed = commit_blocks * kBlockSize;
  const Chunk::Ask ask{committed >= kAskFirst ? committed : 0, spacing != kUnguarded};
  const Chunk::Protection protection{hardening_.ends ? &mappings_ : nullptr, spacing};
  Chunk* chunk = Chunk::create(least, wish, map_, accounts_, align * kBlockSize, ask, protection);
  if (chunk == nullptr) {
    vacate_free_chunks();
    chunk = Chunk::create(least, wish, map_, accounts_, align * kBlockSize, ask, protection);
  }
  if (chunk == nullptr) return nullptr;
  chunk->rank_from(next_rank_);
  next_rank_ += static_cast<std::uint32_t>(chunk->size());
  (newest_ == nullptr ? chunks_ : newest_->next) = chunk;
  newest_ = chunk;
  return chunk;
}

// Makes blocks free again. Whoever found none before may find one now.
void PageHeap::return_blocks(Chunk& chunk, std::size_t first, std::size_t count) {
  chunk.give_back(first, count);
  if (is_short()) is_short_.store(false, std::memory_order_relaxed);
}

// Gives back blocks of a large object's run that lie behind the object. Where the system ever refused to take pages,
// some of theirs may have been cleared by hand, and have memory.
void PageHeap::return_behind(Chunk& chunk, std::size_t first, std::size_t count) {
  return_blocks(chunk, first, count);
  if (refusals_.get() != 0) accounts_.resident_pages.add(mark_all_dirty(chunk, first, count));
}

Block* PageHeap::take(std::size_t blocks, std::size_t align, std::size_t commit_blocks, Spacing spacing) {
  Block* block = search(blocks, align, commit_blocks, spacing);
  if (block != nullptr || (spares_.oldest() == nullptr && held_.empty())) return block;
  free_spares();
  free_held();
  return search(blocks, align, commit_blocks, spacing);
}

Block* PageHeap::search(std::size_t blocks, std::size_t align, std::size_t commit_blocks, Spacing spacing) {
  bool refused = false;
  for (Chunk* chunk = chunks_; chunk != nullptr; chunk = chunk->next) {
    if (chunk->spacing() != spacing) continue;
    const Chunk::Taken taken = chunk->take(blocks, align, commit_blocks, accounts_);
    if (taken.block != nullptr) return taken.block;
    refused = refused || taken.refused;  // a later chunk may have a run that is committed already
  }
  Chunk* chunk = refused ? nullptr : grow(blocks, align, commit_blocks, spacing);
  Block* block = chunk != nullptr ? chunk->take(blocks, align, commit_blocks, accounts_).block : nullptr;
  if (block == nullptr && blocks == 1) is_short_.store(true, std::memory_order_relaxed);
  if (chunk != nullptr && block == nullptr) end_chunk(*chunk);  // or every such request would reserve another
  return block;
}

Block* PageHeap::take_dirty(std::size_t blocks, std::size_t commit_blocks, Spacing spacing) {
  if (accounts_.marked_pages.get() == 0) return nullptr;
  DirtyFit fit(blocks, commit_blocks);
  Chunk* best = nullptr;
  for (Chunk* chunk = chunks_; chunk != nullptr; chunk = chunk->next) {
    if (chunk->spacing() == spacing && chunk->has_better(fit)) best = chunk;
  }
  return best != nullptr ? best->take_from(fit.place(), blocks, commit_blocks, accounts_) : nullptr;
}

// A dirty block that the owner had last is warm in the caches of its CPU, and in those of no other.
Block* PageHeap::take_back(std::uint8_t owner) {
  for (Chunk* chunk = chunks_; chunk != nullptr; chunk = chunk->next) {
    if (Block* block = chunk->take_back(owner, accounts_)) return block;
  }
  return nullptr;
}

Block* PageHeap::take_block(BlockKind kind, std::uint8_t size_class, std::uint8_t owner, std::size_t bits) {
  Guard guard(lock_);
  const Spacing spacing = next_spacing();
  std::size_t guards = spacing == kOwnGuards ? 1 : 0;
  Block* block = nullptr;
  if (!hardening_.guards) {
    if (!single_threaded()) block = take_back(owner);
  } else if (guards == 0) {
    block = take_in_group();
  }
  if (block == nullptr) block = take(1 + guards, 1, 1, spacing);
  if (block == nullptr && hardening_.guards) {
    guards = 0;
    block = take_unguarded(1, 1, 1);
  }
  if (block == nullptr) return nullptr;
  Chunk* chunk = map_.chunk(address_of(block->address()));
  const std::size_t index = chunk->index_of(block);
  if (!chunk->equip(*block, bits, accounts_)) {
    return_blocks(*chunk, index, 1 + guards);
    return nullptr;
  }
  chunk->each_dirty(index, 1, [](const Block&) {});
  if (guards != 0 && shut(*chunk, index + 1, guards) == 0) {
    return_blocks(*chunk, index + 1, guards);
    guards = 0;
  }
  block->guards = static_cast<std::uint8_t>(guards);
  block->size_class.store(size_class, std::memory_order_relaxed);
  block->owner.store(owner, std::memory_order_relaxed);
  block->kind.store(kind, std::memory_order_release);
  return block;
}

void PageHeap::widen_bitmaps(Block& block, std::size_t objects) {
  bits::Word words[kMaxObjects / bits::kWordBits];
  const std::size_t count = bits::words_for(objects);
  Guard guard(lock_);
  Chunk* chunk = map_.chunk(address_of(block.address()));
  std::memcpy(words, block.free_bits, count * sizeof(bits::Word));
  chunk->strip(block);  // first: there is space for one bitmap a block
  chunk->equip(block, kMixedBits, accounts_);
  for (std::size_t w = 0; w < count; ++w) bits::store(block.free_bits[w], words[w]);
}

void PageHeap::free_block(Block& block) {
  Guard guard(lock_);
  const PageMask newly_dirty = static_cast<PageMask>(block.resident & ~block.dirty);
  block.dirty = block.resident;
  accounts_.marked_pages.add(count_pages(newly_dirty));
  block.admission.store(0, std::memory_order_relaxed);
  block.kind.store(BlockKind::free, std::memory_order_relaxed);
  if (block.dirty != 0) enqueue_locked(block);
  Chunk* chunk = map_.chunk(address_of(block.address()));
  chunk->unmark_sparse(chunk->index_of(&block));
  chunk->strip(block);
  return_blocks(*chunk, chunk->index_of(&block), std::size_t{1} + block.guards);
  if (block.dirty != 0) {
    chunk->note_dirty(chunk->index_of(&block));
  } else if (chunk->has_own_guards()) {
    shut(*chunk, chunk->index_of(&block), 1);
  }
  end_chunk_if_limited(*chunk);
}

// Gives back that part of a run's headroom which begins with a dirty block, and returns how many blocks it has then.
// The object can grow into it as long as it is free.
std::size_t PageHeap::leave_dirty(Chunk& chunk, std::size_t first, std::size_t used, std::size_t blocks) {
  const std::size_t clean = chunk.first_dirty(first + used, first + blocks) - first;
  if (clean < blocks) return_blocks(chunk, first + clean, blocks - clean);
  return clean;
}

PageHeap::Run PageHeap::take_run(std::size_t blocks, std::size_t align_blocks, std::size_t pages) {
  Guard guard(lock_);
  const std::size_t commit_blocks = (pages + kPagesPerBlock - 1) / kPagesPerBlock;
  const Spacing spacing = next_spacing() == kOwnGuards ? kOwnGuards : kUnguarded;
  const std::size_t guards = spacing == kOwnGuards ? 1 : 0;
  blocks += guards;
  Block* first = align_blocks == 1 ? take_dirty(blocks, commit_blocks, spacing) : nullptr;
  if (first == nullptr) first = take(blocks, align_blocks, commit_blocks, spacing);
  if (first == nullptr && guards != 0) first = take_unguarded(blocks -= guards, align_blocks, commit_blocks);
  if (first == nullptr) return {};
  Run run{first};
  Chunk* chunk = map_.chunk(address_of(first->address()));
  if (!hardening_.guards) blocks = leave_dirty(*chunk, chunk->index_of(first), commit_blocks, blocks);
  if (is_in_reach(pages)) accounts_.missed_pages.add(count_missed(*chunk, chunk->index_of(first), pages));
  std::uint64_t dirty = 0, had = 0;
  PageMask tail = 0;
  chunk->each_dirty(chunk->index_of(first), blocks, [&](Block& block) {
    const PageMask inside = pages_inside(*first, block, pages);
    had += count_pages(static_cast<PageMask>(block.dirty & inside));
    if (has_tails()) {
      tail = static_cast<PageMask>(block.dirty & ~inside);
      block.dirty = block.resident = static_cast<PageMask>(block.dirty & inside);
    }
    if (run.dirty == nullptr) run.dirty = &block;
    run.dirty_end = &block + 1;
    dirty += count_pages(block.dirty);
  });
  accounts_.reuse(dirty);
  accounts_.resident_pages.add(pages);
  accounts_.resident_pages.subtract(dirty);
  accounts_.run_pages.add(pages);
  accounts_.runs.add(1);
  accounts_.large_served.add(1);
  first->large.pages = pages;
  first->large.blocks = static_cast<std::uint32_t>(blocks);
  first->large.huge = false;
  first->large.had = had;
  first->kind.store(BlockKind::large, std::memory_order_relaxed);
  set_tail(*first, tail);
  return run;
}

void PageHeap::free_run(Block& first, Left left) {
  {
    Guard guard(lock_);
    if (!is_tail_out(first)) return end_run(first, left);
  }
  { const Guard waits(release_lock_); }
  free_run(first, left);
}

void PageHeap::end_run(Block& first, Left left) {
  Chunk* chunk = map_.chunk(address_of(first.address()));
  if (left == Left::all) {
    spares_.remember(first.large.pages);
    first.dirtied_at.store(static_cast<std::uint32_t>(events()), std::memory_order_relaxed);
    queue_run(first, Turn::last);
  } else {
    forget_tail(first);
    accounts_.resident_pages.subtract(first.large.pages);
    note_returned(first);
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

// Ends a run and puts its blocks into the dirty queue, at its front (`next`) or its end.
void PageHeap::queue_run(Block& first, Turn turn) {
  const std::uint32_t since = first.dirtied_at.load(std::memory_order_relaxed);
  Chunk* chunk = map_.chunk(address_of(first.address()));
  const std::size_t begin = chunk->index_of(&first), used = first.large.pages;
  const std::size_t pages = refusals_.get() == 0 ? used : round_up(used, kPagesPerBlock);  // as in return_behind
  const PageMask tail = first.large.tail;
  const std::size_t behind = pages - used - (pages > used ? count_pages(tail) : 0);
  accounts_.marked_pages.add(used + behind);
  accounts_.resident_pages.add(behind);
  give_back(first);
  for (std::size_t i = 0; i * kPagesPerBlock < pages; ++i) {
    chunk->prepare(begin + i);
    chunk->note_dirty(begin + i);
    Block& block = *chunk->at(begin + i);
    const bool is_last = (i + 1) * kPagesPerBlock >= pages;
    block.dirty = block.resident = low_pages(pages - i * kPagesPerBlock) | (is_last ? tail : PageMask{0});
    block.dirtied_at.store(since, std::memory_order_relaxed);
    if (block.queued.load(std::memory_order_relaxed) != 0) continue;
    turn == Turn::next ? queue_.prepend(block) : queue_.append(block);
  }
}

[[gnu::noinline]] void PageHeap::queue_oldest_spare() { queue_run(*spares_.take_oldest(), Turn::next); }

bool PageHeap::resize(Block& first, std::size_t pages) {
  {
    Guard guard(lock_);
    if (!is_tail_out(first)) {
      if (pages > first.large.pages) return grow_run(first, pages);
      shrink_run(first, pages);
      return true;
    }
  }
  { const Guard waits(release_lock_); }
  return resize(first, pages);
}

bool PageHeap::grow_run(Block& first, std::size_t pages) {
  Chunk* chunk = map_.chunk(address_of(first.address()));
  const std::size_t begin = chunk->index_of(&first), had = first.large.blocks, old_pages = first.large.pages;
  const std::size_t need = blocks_of(pages * kPageSize);
  if (!chunk->make_usable(begin, need < had ? need : had, accounts_)) return false;
  if (need > had && !chunk->take_at_and_commit(begin + had, need - had, accounts_)) return false;
  PageMask tail = first.large.tail;
  const PageMask taken = tail_inside(first, pages);
  std::uint64_t dirty = count_pages(taken);
  tail = static_cast<PageMask>(tail & ~taken);
  chunk->each_dirty(begin + had, need > had ? need - had : 0, [&](Block& block) {
    const PageMask inside = pages_inside(first, block, pages);
    dirty += count_pages(static_cast<PageMask>(block.dirty & inside));
    tail = static_cast<PageMask>(block.dirty & ~inside);
    block.dirty = block.resident = 0;
  });
  first.large.had += dirty;
  accounts_.reuse(dirty);
  accounts_.resident_pages.add(pages - old_pages - dirty);
  accounts_.run_pages.add(pages - old_pages);
  if (need > had) first.large.blocks = static_cast<std::uint32_t>(need);
  first.large.pages = pages;
  set_tail(first, tail);
  return true;
}

void PageHeap::shrink_run(Block& first, std::size_t pages) {
  Chunk* chunk = map_.chunk(address_of(first.address()));
  const std::size_t begin = chunk->index_of(&first), had = first.large.blocks, old_pages = first.large.pages;
  const std::size_t need = blocks_of(pages * kPageSize);
  accounts_.resident_pages.subtract(old_pages - pages);
  accounts_.run_pages.subtract(old_pages - pages);
  if (need < blocks_of(old_pages * kPageSize)) leave_tail(first);
  if (need < had) return_behind(*chunk, begin + need, had - need);
  first.large.blocks = static_cast<std::uint32_t>(need);
  first.large.pages = pages;
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

Block* PageHeap::next_block(BlockKind kind, std::uint32_t rank) {
  Guard guard(lock_);
  for (Chunk* chunk = chunks_; chunk != nullptr; chunk = chunk->next) {
    for (std::size_t i = chunk->first_rank() < rank ? rank - chunk->first_rank() : 0; i < chunk->committed(); ++i) {
      Block* block = chunk->at(i);
      if (block->kind.load(std::memory_order_relaxed) != kind) continue;
      looked_at_.store(chunk, std::memory_order_relaxed);
      return block;
    }
  }
  return nullptr;
}

void PageHeap::account(const Touched& touched) {
  if (touched.became_resident != 0) {
    accounts_.resident_pages.add(touched.became_resident);
    if (is_missed(touched.returned_at)) accounts_.missed_pages.add(touched.became_resident);
  }
  if (touched.were_dirty != 0) accounts_.reuse(touched.were_dirty);
}

}  // namespace neap
