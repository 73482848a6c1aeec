// PageMap: the one look-up from any address to its block. A flat table divides a 48-bit address space into slots of 1
// GiB, and a slot leads to the descriptors of its blocks. Readers need no lock: a slot is published before any of its
// addresses is handed out, and changes only when no object lies in it.
//
// The table is reserved address space that reads as zeros, and a process writes to one page of it. So that one page is
// all that a limit on data counts (RLIMIT_DATA, strict overcommit), and no huge page lies there. It comes with the
// first chunk; until then every address is foreign.
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
  // The descriptor of the block that an address lies in, or null when the address lies in no chunk's slot. A slot can
  // be larger than its chunk; Chunk::holds tells whether the descriptor is one of its blocks.
  Block* block_fast(std::uintptr_t address) const {
    const std::size_t slot = address >> kSlotShift;
    if (slot >= slots_) [[unlikely]]
      return nullptr;
    Block* blocks = table_[slot].blocks.load(std::memory_order_relaxed);
    if (blocks == nullptr) [[unlikely]]
      return nullptr;
    return blocks + ((address >> kBlockShift) & (kBlocksPerSlot - 1));
  }

  Block* block(BlockId id) const { return block_fast(static_cast<std::uintptr_t>(id) << kBlockShift); }

  Chunk* chunk(std::uintptr_t address) const {
    const std::size_t slot = address >> kSlotShift;
    return slot < slots_ ? table_[slot].chunk.load(std::memory_order_relaxed) : nullptr;
  }

  // Makes the slots of [address, address + size) ready to be published. False when the system refuses, or where the
  // range lies above the map. Called under the page heap's lock, as publish is.
  bool cover(std::uintptr_t address, std::size_t size);
  void publish(std::uintptr_t address, Block* blocks, Chunk* chunk) {
    Slot& slot = table_[address >> kSlotShift];
    slot.chunk.store(chunk, std::memory_order_relaxed);
    slot.blocks.store(blocks, std::memory_order_release);
  }

 private:
  friend struct Anatomy;  // tells readers outside where the fields lie (api/layout.cc)
  struct Slot {
    std::atomic<Block*> blocks;
    std::atomic<Chunk*> chunk;
  };

  bool open();

  // Written once, before the first object is handed out: whoever frees one has learned of both with it. (Atomic, they
  // would cost every free an instruction.)
  std::size_t slots_ = 0;  // that may be looked at
  Slot* table_ = nullptr;
};

}  // namespace neap
