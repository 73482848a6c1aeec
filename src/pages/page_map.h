// PageMap: the one look-up from any address to its block. A flat table of 1 GiB slots over a 48-bit address space; a
// slot leads to the descriptors of its blocks. 4 MiB of zero pages, of which a process touches one. Readers need no
// lock: a slot is published before any of its addresses is handed out, and changes only when no object lies in it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/units.h"
#include "pages/block.h"

namespace neap {

class Chunk;

inline constexpr std::size_t kSlotShift = 30;
inline constexpr std::size_t kSlotSize = std::size_t{1} << kSlotShift;
inline constexpr std::size_t kBlocksPerSlot = kSlotSize / kBlockSize;
inline constexpr std::size_t kSlots = std::size_t{1} << (48 - kSlotShift);

class PageMap {
 public:
  // The descriptor for an address, or null when it does not lie in a chunk's slot. A slot can be larger than its
  // chunk: block_or_null is exact.
  Block* block_fast(std::uintptr_t address) const {
    const std::size_t slot = address >> kSlotShift;
    if (slot >= kSlots) [[unlikely]]
      return nullptr;
    Block* table = slots_[slot].blocks.load(std::memory_order_relaxed);
    if (table == nullptr) [[unlikely]]
      return nullptr;
    return table + ((address >> kBlockShift) & (kBlocksPerSlot - 1));
  }

  Block* block(BlockId id) const { return block_fast(static_cast<std::uintptr_t>(id) << kBlockShift); }

  Chunk* chunk(std::uintptr_t address) const {
    const std::size_t slot = address >> kSlotShift;
    return slot < kSlots ? slots_[slot].chunk.load(std::memory_order_relaxed) : nullptr;
  }

  void publish(std::uintptr_t address, Block* blocks, Chunk* chunk) {
    Slot& slot = slots_[address >> kSlotShift];
    slot.chunk.store(chunk, std::memory_order_relaxed);
    slot.blocks.store(blocks, std::memory_order_release);
  }

 private:
  struct Slot {
    std::atomic<Block*> blocks{nullptr};
    std::atomic<Chunk*> chunk{nullptr};
  };
  Slot slots_[kSlots];
};

}  // namespace neap
