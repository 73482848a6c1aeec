// LargeObjects: objects above kLargestSmall, or aligned beyond it. Each has whole blocks of address space and whole
// pages of memory, and lives at most three lives: as an object, as a spare that waits for the next of its size, and as
// free blocks.
//
// Thread-safe. An object's own thread changes it without a lock; places are given and taken by the page heap, under its
// lock. Nothing is kept for an object here but a count of those with huge pages, and what was learned of sizes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/options.h"
#include "base/units.h"
#include "large/density.h"
#include "limits/limits.h"
#include "os/os.h"
#include "pages/page_heap.h"
#include "release/board.h"
#include "release/release.h"

namespace neap {

class LargeObjects {
 public:
  constexpr LargeObjects(const Options& options, PageHeap& pages, const Limits& limits, Release& release, Board& board)
      : options_(options), pages_(pages), limits_(limits), release_(release), board_(board) {}

  // An object has whole pages of the system, counted in the heap's.
  static std::size_t pages_for(std::size_t size) { return round_up(size, os::page_size) >> kPageShift; }

  // `align` is a power of two, bytes. Null when memory is out. `zero`: all reads as zeros.
  void* allocate(std::size_t size, std::size_t align, bool zero);
  // `first` is the object's first block.
  void free(Block& first);
  // Changes the size where the object lies, or moves it. Null when memory is out; the object is untouched then.
  void* resize(Block& first, std::size_t size);

 private:
  char* allocate_run(std::size_t pages, std::size_t align, bool zero, std::size_t blocks);
  Left discard_if_much(Block& first);
  bool grow_in_place(Block& first, std::size_t size);
  void shrink(Block& first, std::size_t pages);
  void* move(Block& first, std::size_t size);
  bool wants_huge_pages(std::size_t pages, Density::Like like) const;
  void lay_huge_pages(Block& first);
  void forget_huge_pages(Block& first);

  // In a hardened heap, where the memory of an object ends with it (guards.cc).
  void end(Block& first);
  void* resize_for_good(Block& first, std::size_t size);

  const Options& options_;
  PageHeap& pages_;
  const Limits& limits_;
  Release& release_;
  Board& board_;
  Counter huge_objects_;  // that have huge pages
  Density density_;       // by lost updates a size is looked at once more
};

}  // namespace neap
