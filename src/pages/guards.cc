// What a hardened heap does with blocks. Memory that nothing can touch lies behind every slab and every large object.
// The memory of a large object goes back when it ends, and its addresses stay out of use for a while.
//
// To shut blocks is to make them untouchable: their memory goes back, and their chunk notes them as closed. The chunk
// opens them again when they are taken.
#include <cstring>

#include "os/os.h"
#include "pages/page_heap.h"

namespace neap {
namespace {

// Each guard can split a mapping, and a process may have 65,530 of them.
constexpr std::size_t kMaxGuards = 16384;

// Where address space is limited, this part of the limit may be held.
constexpr std::size_t kHeldShare = 16;

char* end_of(const Block& first) { return first.address() + first.large.pages * kPageSize; }
std::size_t used_blocks(const Block& first) { return blocks_of(first.large.pages * kPageSize); }

}  // namespace

bool PageHeap::harden(Hardening what) {
  hardening_ = what;
  return !what.holds || held_.open();
}

std::size_t PageHeap::guards_for_next() const { return hardening_.guards && guards_ < kMaxGuards ? 1 : 0; }

// Shuts blocks that were taken; what is dirty in them goes too. Returns how many were shut, counted from the first one:
// the system may refuse one, whose contents then stay dirty as in a free block, so that the block cannot stay taken.
std::size_t PageHeap::shut(Chunk& chunk, std::size_t first, std::size_t count) {
  std::uint64_t gone = 0;
  std::size_t i = first;
  for (; i < first + count && i < chunk.committed(); ++i) {
    if (chunk.is_closed(i)) continue;
    if (!os::decommit(chunk.address_of_block(i), kBlockSize)) break;
    chunk.each_dirty(i, 1, [&](Block& block) {
      gone += count_pages(block.dirty);
      block.dirty = block.resident = 0;
    });
    chunk.close(i, 1);
  }
  accounts_.marked_pages.subtract(gone);
  accounts_.resident_pages.subtract(gone);
  accounts_.returned_pages.add(gone);
  return i < chunk.committed() ? i - first : count;
}

// Shuts the pages behind an object in its last block.
void PageHeap::shut_tail(Chunk& chunk, Block& first) {
  char* const end = end_of(first);
  char* const behind = chunk.address_of_block(chunk.index_of(&first) + used_blocks(first));
  if (end < behind) os::decommit(end, static_cast<std::size_t>(behind - end));
}

void PageHeap::guard_run(Block& first) {
  Guard guard(lock_);
  Chunk* chunk = map_.chunk(address_of(first.address()));
  const std::size_t used = used_blocks(first), had = first.large.blocks, behind = chunk->index_of(&first) + used;
  if (had == used) return;
  const std::size_t guards = shut(*chunk, behind, had - used);
  if (guards < had - used) return_behind(*chunk, behind + guards, had - used - guards);
  first.large.blocks = static_cast<std::uint32_t>(used + guards);
  if (guards != 0) ++guards_;
  shut_tail(*chunk, first);
}

// Opens these pages again. They read as zeros.
void PageHeap::open_tail(Chunk& chunk, Block& first, std::size_t pages) {
  char* const end = first.address() + pages * kPageSize;
  char* const behind = chunk.address_of_block(chunk.index_of(&first) + blocks_of(pages * kPageSize));
  if (end < behind) os::commit(end, static_cast<std::size_t>(behind - end));
}

// Opens the pages between an object's end and its new end, in blocks that are its own.
bool PageHeap::open_up_to(Chunk& chunk, Block& first, std::size_t pages) {
  const std::size_t begin = chunk.index_of(&first), used = used_blocks(first);
  char *const from = end_of(first), *const behind = chunk.address_of_block(begin + used);
  if (from < behind && !os::commit(from, static_cast<std::size_t>(behind - from))) return false;
  return chunk.make_usable(begin, blocks_of(pages * kPageSize), accounts_);
}

bool PageHeap::resize_guarded(Block& first, std::size_t pages) {
  Guard guard(lock_);
  Chunk* chunk = map_.chunk(address_of(first.address()));
  const std::size_t begin = chunk->index_of(&first), had = first.large.blocks, old = first.large.pages;
  const std::size_t used = used_blocks(first), need = blocks_of(pages * kPageSize),
                    all = need + (hardening_.guards ? 1 : 0);
  if (pages > old) {
    if (all > had && !chunk->take_at(begin + had, all - had)) return false;
    if (all > had && shut(*chunk, begin + had, all - had) < all - had) {
      return_blocks(*chunk, begin + had, all - had);
      return false;
    }
    if (all > had) first.large.blocks = static_cast<std::uint32_t>(all);
    if (!open_up_to(*chunk, first, pages)) return false;
    accounts_.resident_pages.add(pages - old);
    accounts_.run_pages.add(pages - old);
  } else {
    char* const from = first.address() + pages * kPageSize;
    if (!os::decommit(from, (old - pages) * kPageSize)) return false;
    chunk->close(begin + need, used - need);
    if (!hardening_.guards) open_tail(*chunk, first, pages);
    accounts_.resident_pages.subtract(old - pages);
    accounts_.run_pages.subtract(old - pages);
  }
  first.large.pages = pages;
  if (!hardening_.guards) return true;
  if (pages > old) shut_tail(*chunk, first);
  guards_ += std::size_t{first.large.blocks > need} - std::size_t{had > used};
  return true;
}

// Headroom goes back at once. The rest is of no use to anybody before it has been held.
void PageHeap::end_shut_run(Block& first) {
  Guard guard(lock_);
  Chunk* chunk = map_.chunk(address_of(first.address()));
  const std::size_t begin = chunk->index_of(&first), used = used_blocks(first), had = first.large.blocks;
  const std::size_t kept = used < had && hardening_.guards ? used + 1 : used;
  accounts_.resident_pages.subtract(first.large.pages);
  accounts_.run_pages.subtract(first.large.pages);
  accounts_.runs.subtract(1);
  guards_ -= std::size_t{hardening_.guards && used < had};
  chunk->close(begin, used);
  if (kept < had) return_blocks(*chunk, begin + kept, had - kept);
  first.large.blocks = static_cast<std::uint32_t>(kept);
  first.kind.store(BlockKind::held, std::memory_order_release);
  const std::size_t limit = hardening_.holds ? os::address_space_limit() / kHeldShare / kBlockSize : 0;
  while (!held_.empty() && !held_.can_hold(kept, limit)) release_held(held_.pop());
  if (held_.is_open() && held_.can_hold(kept, limit)) return held_.push(first);
  release_held(first);
}

void PageHeap::release_held(Block& first) {
  Chunk* chunk = map_.chunk(address_of(first.address()));
  first.kind.store(BlockKind::free, std::memory_order_relaxed);
  return_blocks(*chunk, chunk->index_of(&first), first.large.blocks);
  end_chunk_if_limited(*chunk);
}

void PageHeap::free_held() {
  while (!held_.empty()) release_held(held_.pop());
}

}  // namespace neap
