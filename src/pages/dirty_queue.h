// DirtyQueue: the blocks that have dirty pages, slabs and free ones alike, in the order in which they are looked at. A
// block knows that it is queued (Block::queued). Guarded by the page heap's lock.
#pragma once

#include "pages/block.h"
#include "pages/page_map.h"

namespace neap {

class DirtyQueue {
 public:
  explicit constexpr DirtyQueue(PageMap& map) : map_(map) {}

  bool empty() const { return head_ == BlockId::none; }
  const Block& oldest() const { return *map_.block(head_); }  // unless empty

  // For blocks that are not queued.
  void append(Block& block) {
    mark(block, BlockId::none);
    (empty() ? head_ : map_.block(tail_)->next_dirty) = block.id;
    tail_ = block.id;
  }
  void prepend(Block& block) {
    mark(block, head_);
    if (empty()) tail_ = block.id;
    head_ = block.id;
  }

  Block* pop() {  // unless empty
    Block* block = map_.block(head_);
    head_ = block->next_dirty;
    block->queued.store(0, std::memory_order_relaxed);
    return block;
  }

  // Takes the blocks of a chunk out of the queue. It knows blocks by their addresses, where another chunk may come to
  // lie.
  void drop(const Chunk& chunk) {
    BlockId id = head_;
    head_ = BlockId::none;
    while (id != BlockId::none) {
      Block& block = *map_.block(id);
      id = block.next_dirty;
      if (map_.chunk(address_of(block.address())) == &chunk) {
        block.queued.store(0, std::memory_order_relaxed);
      } else {
        append(block);
      }
    }
  }

 private:
  static void mark(Block& block, BlockId next) {
    block.queued.store(1, std::memory_order_relaxed);
    block.next_dirty = next;
  }

  PageMap& map_;
  BlockId head_ = BlockId::none, tail_ = BlockId::none;  // the tail counts while there is a head
};

}  // namespace neap
