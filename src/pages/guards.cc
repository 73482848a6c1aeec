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

// Where address space is limited, this part of the limit may be held.
constexpr std::size_t kHeldShare = 16;

char* end_of(const Block& first) { return first.address() + first.large.pages * kPageSize; }
std::size_t used_blocks(const Block& first) { return blocks_of(first.large.pages * kPageSize); }

}  // namespace

bool PageHeap::harden(Hardening what) {
  hardening_ = what;
  return !what.holds || held_.open();
}

bool PageHeap::shut_between_guards(const Due& due) {
  if (!due.chunk->has_own_guards() || !os::decommit(due.block->address(), due.blocks * kBlockSize)) return false;
  end_free_run(due, Left::not_even_commitment);
  return true;
}

bool PageHeap::has_mappings() {
  Guard guard(lock_);
  return mappings_.has_room();
}

void PageHeap::inherit_mappings() {
  for (Chunk* chunk = chunks_; chunk != nullptr; chunk = chunk->next) chunk->inherit();
}

// A place among slabs that share their guards, in a group that is open already.
Block* PageHeap::take_in_group() {
  for (Chunk* chunk = chunks_; chunk != nullptr; chunk = chunk->next) {
    if (chunk->spacing() > kOwnGuards && chunk->has_open_place()) return chunk->take(1, 1, 1, accounts_).block;
  }
  return nullptr;
}

// The same where there are no places with guards.
Block* PageHeap::take_unguarded(std::size_t blocks, std::size_t align, std::size_t commit_blocks) {
  return take(blocks, align, commit_blocks, kUnguarded);
}

// Shuts blocks that were taken; what is dirty in them goes too. Returns how many were shut, counted from the first one:
// the system may refuse one, whose contents then stay dirty as in a free block, so that the block cannot stay taken.
std::size_t PageHeap::shut(Chunk& chunk, std::size_t first, std::size_t count) {
  std::size_t i = first;
  for (; i < first + count && i < chunk.committed(); ++i) {
    if (chunk.is_closed(i)) continue;
    if (!os::decommit(chunk.address_of_block(i), kBlockSize)) break;
    note_gone(chunk, i, 1);
    chunk.close(i, 1);
  }
  return i < chunk.committed() ? i - first : count;
}

// Shuts the pages behind an object in its last block.
void PageHeap::shut_behind(Chunk& chunk, Block& first) {
  char* const end = end_of(first);
  char* const behind = chunk.address_of_block(chunk.index_of(&first) + used_blocks(first));
  if (end < behind) os::decommit(end, static_cast<std::size_t>(behind - end));
}

void PageHeap::guard_run(Block& first) {
  Guard guard(lock_);
  Chunk* chunk = map_.chunk(address_of(first.address()));
  const std::size_t used = used_blocks(first), had = first.large.blocks, behind = chunk->index_of(&first) + used;
  if (had == used || !chunk->has_own_guards()) return;
  const std::size_t guards = shut(*chunk, behind, had - used);
  if (guards < had - used) return_behind(*chunk, behind + guards, had - used - guards);
  first.large.blocks = static_cast<std::uint32_t>(used + guards);
  shut_behind(*chunk, first);
}

// Opens the pages between an object's end and its new end, in blocks that are its own.
bool PageHeap::open_up_to(Chunk& chunk, Block& first, std::size_t pages) {
  const std::size_t begin = chunk.index_of(&first), used = used_blocks(first);
  char *const from = end_of(first), *const behind = chunk.address_of_block(begin + used);
  if (from < behind && !os::commit(from, static_cast<std::size_t>(behind - from))) return false;
  return chunk.make_usable(begin, blocks_of(pages * kPageSize), accounts_);
}

// In front of its guard, an object that was inherited does not grow: what is opened behind it would be one more mapping
// for each such object. It moves.
bool PageHeap::grow_guarded(Chunk& chunk, Block& first, std::size_t pages) {
  const std::size_t begin = chunk.index_of(&first), had = first.large.blocks;
  if (chunk.has_own_guards() && chunk.is_inherited(begin + used_blocks(first) - 1)) return false;
  const std::size_t all = blocks_of(pages * kPageSize) + (chunk.has_own_guards() ? 1 : 0);
  if (all > had && !chunk.take_at(begin + had, all - had)) return false;
  if (all > had && !chunk.has_own_guards()) {
    clear_dirty(chunk, begin + had, all - had);
  } else if (all > had && shut(chunk, begin + had, all - had) < all - had) {
    return_blocks(chunk, begin + had, all - had);
    return false;
  }
  if (all > had) first.large.blocks = static_cast<std::uint32_t>(all);
  return open_up_to(chunk, first, pages);
}

// Blocks that the object does not need any more stay in its run. Without a guard of its own, the rest of its last block
// stays open, and so do the blocks where there are mappings enough.
bool PageHeap::shrink_guarded(Chunk& chunk, Block& first, std::size_t pages) {
  const std::size_t begin = chunk.index_of(&first), need = blocks_of(pages * kPageSize), used = used_blocks(first);
  char* const from = first.address() + pages * kPageSize;
  char* const behind = chunk.address_of_block(begin + need);
  if (chunk.has_own_guards()) {
    if (!os::decommit(from, static_cast<std::size_t>(end_of(first) - from))) return false;
  } else {
    const bool shuts = need < used && mappings_.has_room();
    char* const open_end = shuts ? behind : end_of(first);
    if (from < open_end && !os::discard(from, static_cast<std::size_t>(open_end - from))) return false;
    if (!shuts) return true;
    if (!os::decommit(behind, (used - need) * kBlockSize)) return false;
  }
  chunk.close(begin + need, used - need);
  return true;
}

bool PageHeap::resize_guarded(Block& first, std::size_t pages) {
  Guard guard(lock_);
  Chunk* chunk = map_.chunk(address_of(first.address()));
  const std::size_t old = first.large.pages;
  if (!(pages > old ? grow_guarded(*chunk, first, pages) : shrink_guarded(*chunk, first, pages))) return false;
  accounts_.resident_pages.add(pages - old);
  accounts_.run_pages.add(pages - old);
  first.large.pages = pages;
  if (pages > old && chunk->has_own_guards()) shut_behind(*chunk, first);
  return true;
}

// Behind an object with a guard of its own, the rest of its last block is shut already, and the run becomes one mapping
// with that. Elsewhere whole blocks are shut, as they are counted; they become a mapping, and count from now on.
std::size_t PageHeap::begin_to_shut(const Block& first) {
  Guard guard(lock_);
  if (map_.chunk(address_of(first.address()))->has_own_guards()) return first.large.pages * kPageSize;
  if (!mappings_.has_room()) return 0;
  mappings_.add(Mappings::kEach);
  return used_blocks(first) * kBlockSize;
}

// Headroom goes back at once. The rest is of no use to anybody before it has been held.
void PageHeap::end_shut_run(Block& first, bool shut) {
  Guard guard(lock_);
  Chunk* chunk = map_.chunk(address_of(first.address()));
  const std::size_t begin = chunk->index_of(&first), used = used_blocks(first), had = first.large.blocks;
  const std::size_t kept = used < had && chunk->has_own_guards() ? used + 1 : used;
  accounts_.resident_pages.subtract(first.large.pages);
  accounts_.run_pages.subtract(first.large.pages);
  accounts_.runs.subtract(1);
  if (shut) chunk->close(begin, used);
  if (shut && !chunk->has_own_guards()) mappings_.subtract(Mappings::kEach);
  if (kept < had) return_behind(*chunk, begin + kept, had - kept);
  first.large.blocks = static_cast<std::uint32_t>(kept);
  first.kind.store(BlockKind::held, std::memory_order_release);
  const std::size_t limit = hardening_.holds ? os::address_space_limit() / kHeldShare / kBlockSize : 0;
  while (!held_.empty() && !held_.can_hold(kept, limit)) release_held(held_.pop());
  if (held_.is_open() && held_.can_hold(kept, limit)) return held_.push(first);
  release_held(first);
}

// What could still be touched may have been written to.
void PageHeap::clear_open(const Chunk& chunk, std::size_t first, std::size_t count) {
  chunk.each_open(first, count, [&](std::size_t from, std::size_t to) {
    char* const begin = chunk.address_of_block(from);
    const std::size_t bytes = (to - from) * kBlockSize;
    if (!os::discard(begin, bytes)) std::memset(begin, 0, bytes);
  });
}

void PageHeap::clear_dirty(Chunk& chunk, std::size_t first, std::size_t count) {
  for (std::size_t i = first; i < first + count && i < chunk.committed(); ++i) {
    if (chunk.at(i)->dirty != 0) clear_open(chunk, i, 1);
  }
  note_gone(chunk, first, count);
}

void PageHeap::release_held(Block& first) {
  Chunk* chunk = map_.chunk(address_of(first.address()));
  clear_open(*chunk, chunk->index_of(&first), first.large.blocks);
  first.kind.store(BlockKind::free, std::memory_order_relaxed);
  return_blocks(*chunk, chunk->index_of(&first), first.large.blocks);
  end_chunk_if_limited(*chunk);
}

void PageHeap::free_held() {
  while (!held_.empty()) release_held(held_.pop());
}

}  // namespace neap
