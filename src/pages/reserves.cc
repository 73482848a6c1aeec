// What the page heap gives up where address space or commitments are limited, or memory is out.
#include "os/os.h"
#include "pages/page_heap.h"

namespace neap {
namespace {

// The shortest run, in blocks, that is decommitted in the last resort: each can become a mapping of its own.
constexpr std::size_t kMinDecommit = 4;

}  // namespace

// Gives the address space of wholly free chunks back: under a limit, a large object can need it in one piece.
void PageHeap::vacate_free_chunks() {
  free_spares();
  for (Chunk *chunk = chunks_, *next = nullptr; chunk != nullptr; chunk = next) {
    next = chunk->next;
    end_chunk(*chunk);
  }
}

// Ends a chunk if it is wholly free. A chunk that has had mixed blocks stays in their list, without memory.
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

// Under a limit on address space, a chunk that is wholly free goes back at once: the program's own maps and the stacks
// of threads need the addresses.
void PageHeap::end_chunk_if_limited(Chunk& chunk) {
  if (chunk.is_wholly_free() && os::address_space_limit() != SIZE_MAX) end_chunk(chunk);
}

void PageHeap::give_up_reserves() {
  Guard guard(lock_);
  free_held();
  vacate_free_chunks();
  const bool counted = os::counts_commits();
  for (Chunk* chunk = chunks_; chunk != nullptr; chunk = chunk->next) {
    if (chunk->is_vacant()) continue;
    cut_headroom(*chunk);
    if (counted && chunk->spacing() == kUnguarded) decommit_free_runs(*chunk);
  }
}

void PageHeap::discard_unused_bitmaps() {
  Guard guard(lock_);
  for (Chunk* chunk = chunks_; chunk != nullptr; chunk = chunk->next) chunk->discard_unused_bitmaps();
}

// Takes back the headroom of large objects.
void PageHeap::cut_headroom(Chunk& chunk) {
  if (chunk.spacing() != kUnguarded) return;
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
    if (!ends || blocks < kMinDecommit || !mappings_.has_room() ||
        !os::decommit(chunk.address_of_block(begin), blocks * kBlockSize))
      continue;
    note_gone(chunk, begin, blocks);
    chunk.close(begin, blocks);
  }
}

}  // namespace neap
