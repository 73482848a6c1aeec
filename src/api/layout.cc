#include "api/layout.h"

#include "api/process.h"

// Not standard layout, as they have private fields beside public ones; g++ and clang lay them out all the same.
#pragma GCC diagnostic ignored "-Winvalid-offsetof"

namespace neap {

// The friend that sees where the fields of the rooms below lie.
struct Anatomy {
  static constexpr HeapLayout describe() {
    HeapLayout of{};
    of.magic = kHeapLayoutMagic;
    of.version = kHeapLayoutVersion;
    of.size = sizeof(HeapLayout);
    of.page_map_at = &page_map.table_;
    of.classes = kClasses.data();
    of.slot_count = kSlots;
    of.slot_shift = kSlotShift;
    of.slot_bytes = sizeof(PageMap::Slot);
    of.slot_chunk = offsetof(PageMap::Slot, chunk);
    describe_chunk(of);
    describe_block(of);
    of.class_count = kClassCount;
    of.class_bytes = sizeof(ClassRow);
    of.class_size = offsetof(ClassRow, size);
    of.class_capacity = offsetof(ClassRow, capacity);
    return of;
  }

 private:
  static constexpr void describe_chunk(HeapLayout& of) {
    of.chunk_bytes = sizeof(Chunk);
    of.chunk_base = offsetof(Chunk, base_);
    of.chunk_blocks = offsetof(Chunk, blocks_);
    of.chunk_used = offsetof(Chunk, runs_) + offsetof(FreeRuns, used_);
    of.chunk_count = offsetof(Chunk, count_);
    of.chunk_committed = offsetof(Chunk, committed_);
  }
  static constexpr void describe_block(HeapLayout& of) {
    of.block_shift = kBlockShift;
    of.block_bytes = sizeof(Block);
    of.block_kind = offsetof(Block, kind);
    of.block_class = offsetof(Block, size_class);
    of.block_free_bits = offsetof(Block, free_bits);
    of.block_begin_bits = offsetof(Block, mixed.begin_bits);
    of.block_aside = offsetof(Block, aside);
    of.block_large_pages = offsetof(Block, large.pages);
    of.block_large_blocks = offsetof(Block, large.blocks);
    of.kind_slab = static_cast<std::uint32_t>(BlockKind::slab);
    of.kind_mixed = static_cast<std::uint32_t>(BlockKind::mixed);
    of.kind_large = static_cast<std::uint32_t>(BlockKind::large);
    of.kind_spare = static_cast<std::uint32_t>(BlockKind::spare);
    of.page_shift = kPageShift;
    of.granule_shift = mixed::kGranuleShift;
  }
};

constinit const HeapLayout heap_layout = Anatomy::describe();

}  // namespace neap
