// NonfullSlabs: the slabs of one bin that have free objects, ordered by rank (the age of the chunk, then the address,
// as the page heap fills them); the lowest is the one to refill from. An intrusive pairing heap (M. Fredman et al.,
// 1986): insert O(1), remove O(log n) amortised, no memory of its own. Guarded by the bin's lock.
#pragma once

#include "pages/block.h"

namespace neap {

class NonfullSlabs {
 public:
  Block* lowest() const { return root_; }
  bool only(const Block& block) const { return root_ == &block && block.nonfull.child == nullptr; }

  void insert(Block& block) {
    block.nonfull = {nullptr, nullptr, nullptr};
    root_ = root_ == nullptr ? &block : meld(root_, &block);
  }

  void remove(Block& block) {
    Block* orphans = merge_pairs(block.nonfull.child);
    if (&block == root_) {
      root_ = orphans;
    } else {
      detach(block);
      if (orphans != nullptr) root_ = meld(root_, orphans);
    }
    block.nonfull = {nullptr, nullptr, nullptr};
  }

 private:
  // Makes the higher of two roots the first child of the lower. A first child's `previous` is its parent.
  static Block* meld(Block* a, Block* b) { return a->rank < b->rank ? meld_ordered(a, b) : meld_ordered(b, a); }
  static Block* meld_ordered(Block* low, Block* high) {
    high->nonfull.previous = low;
    high->nonfull.next = low->nonfull.child;
    if (low->nonfull.child != nullptr) low->nonfull.child->nonfull.previous = high;
    low->nonfull.child = high;
    low->nonfull.previous = low->nonfull.next = nullptr;
    return low;
  }

  static void detach(Block& block) {
    Block* previous = block.nonfull.previous;
    (previous->nonfull.child == &block ? previous->nonfull.child : previous->nonfull.next) = block.nonfull.next;
    if (block.nonfull.next != nullptr) block.nonfull.next->nonfull.previous = previous;
  }

  // Melds a list of siblings two by two from the left, then the results from the right.
  static Block* merge_pairs(Block* first) {
    Block* merged = nullptr;  // the results so far, linked by `next`, last first
    while (first != nullptr) {
      Block* a = first;
      Block* b = a->nonfull.next;
      first = b == nullptr ? nullptr : b->nonfull.next;
      a->nonfull.previous = a->nonfull.next = nullptr;
      if (b != nullptr) b->nonfull.previous = b->nonfull.next = nullptr;
      Block* pair = b == nullptr ? a : meld(a, b);
      pair->nonfull.next = merged;
      merged = pair;
    }
    Block* root = nullptr;
    while (merged != nullptr) {
      Block* next = merged->nonfull.next;
      merged->nonfull.next = nullptr;
      root = root == nullptr ? merged : meld(root, merged);
      merged = next;
    }
    return root;
  }

  Block* root_ = nullptr;
};

}  // namespace neap
