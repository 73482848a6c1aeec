// LargeObjects: objects above kLargestSmall, or aligned beyond it. Each has whole blocks of address space and whole
// pages of memory. Its run is an object first; after its free it can be a spare, which waits for the next object of its
// size; and at last its blocks are free.
//
//   allocate              a spare of the same size, or else
//     allocate_run        a run of blocks; its size's density tells whether with huge pages, or with pages populated
//   free                  a spare, if its size comes again and its pages may stay; or else
//     discard_if_much     its pages go at once where they alone exceed the limit; otherwise they become dirty
//   resize                smaller: shrink, in place
//     grow_in_place       larger, where the address space behind the object is free
//     move                larger, elsewhere: to a place with headroom, and piece by piece
//   end, resize_for_good  the same in a hardened heap
//
// Thread-safe. The thread that has an object changes it without a lock; the page heap gives and takes places, under its
// lock. What is kept here is how many objects have huge pages, and what was learned of sizes.
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

  // An object has whole system pages, which are counted in the heap's pages.
  static std::size_t pages_for(std::size_t size) { return round_up(size, os::page_size) >> kPageShift; }

  // `align` is a power of two, in bytes. `zero` asks that all of the object reads as zeros. Null when memory is out.
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
  Density density_;
};

}  // namespace neap
