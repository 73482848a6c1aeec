// Block: the descriptor of 64 KiB of address space. It lies apart from the data, in its chunk's metadata, so that a
// free object of a slab is never written to, and a page that was returned stays returned.
//
// It takes two cache lines. Every free reads the first one, on every core, and little in it changes while a slab is
// one. What each refill and each batch of frees writes lies in the second. (In one line, one thread that takes what
// another frees would cost a sixth more CPU.)
//
// Who guards what: `kind` changes under the page heap's lock. Everything else is guarded by the bin's lock in a slab,
// by the page heap's lock in a free block and in a large object's tail, and in the rest of a large object by nothing,
// as its owner alone touches it. The atomic fields are those that others look at without that lock. A stale `admission`
// or `dirtied_at` costs placement and never soundness; the other ones are checked again under the lock. The same holds
// for free_bits and what it points to, whose words are written whole.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>

#include "base/bits.h"
#include "base/units.h"
#include "os/os.h"

namespace neap {

enum class BlockKind : std::uint8_t {
  free,   // nobody's, or the inside of a large run: the chunk knows which (FreeRuns)
  slab,   // cut into equal objects of one size class
  mixed,  // objects of all sizes at 16-byte granules
  large,  // the first block of a large object's run
  spare,  // the first block of a run whose object was freed, kept for the next object of its size
  held,   // the first block of a run whose object was freed, and whose addresses nothing can touch for a while
};

class Chunk;

struct alignas(64) Block {
  std::atomic<BlockKind> kind;
  std::atomic<std::uint8_t> size_class;  // slab; changes under the page heap's lock
  std::uint8_t bitmap_lines;             // slab, mixed: of its bitmaps (Bitmaps); 0: they are few_bits
  std::atomic<std::uint8_t> owner;       // slab: of whose bins; changes as the class does
  std::atomic<std::uint32_t> admission;  // slab: while freed objects may enter a thread's cache the reciprocal of their
                                         // size, by which free knows that one begins there; otherwise 0
  BlockId id;
  std::uint32_t rank;     // place in the heap: by the age of its chunk, then by address
  bits::Word* free_bits;  // slab: bit i set = object i is free; mixed: granule i, and begin_bits behind them
  std::uint64_t asked;    // large, of a hardened heap: bytes of it that are the program's

  struct Nonfull {  // slab with free objects: its place in the bin's pairing heap
    Block *child, *previous, *next;
  };
  struct Mixed {
    bits::Word* begin_bits;  // granule i is free or begins an object; lies behind free_bits
    Chunk* chunk;
  };
  struct Large {           // large, spare
    std::uint64_t pages;   // in use, counted from the first block's start
    std::uint32_t blocks;  // of address space, headroom included
    bool huge;             // huge pages were asked for
    PageMask tail;         // dirty pages of its last block, behind the object (pages/tails.cc)
    std::uint64_t had;     // pages that were there already when the object got them
  };
  union {
    Nonfull nonfull;
    Mixed mixed;
    Large large;
  };
  std::uint8_t guards;               // slab: blocks behind it that nothing can touch
  std::atomic<std::uint8_t> queued;  // 1 while in the dirty queue; changes under the page heap's lock
  std::uint16_t returned_at;         // when pages of it went back last (PageHeap::return_clock); 0: never
  BlockId next_dirty;

  alignas(64) std::uint16_t free_count;   // slab: objects that are in it now; mixed: granules
  std::uint16_t first_word;               // slab, mixed: nothing free lies in a lower bitmap word
  std::uint16_t settle_at;                // slab: the next free_count at which its bin has to look at it
  PageMask resident;                      // pages that may hold memory; others read as zeros
  PageMask dirty;                         // resident pages that no object overlaps; both in whole system pages
  std::atomic<PageMask> aside;            // pages out for release: of a slab or a mixed block, with all that lies on
                                          // them; of a large object's tail
  std::atomic<std::uint32_t> dirtied_at;  // heap event (low 32 bits) at which pages of it last became dirty
  // The bitmap of a slab of few objects: free_bits points here. It shares its place with nothing, because a thread may
  // still look at it when the slab has become a mixed block.
  bits::Word few_bits[kFewObjects / bits::kWordBits];
  union {
    std::uint16_t live[kPagesPerBlock];    // slab: objects that are not in it and overlap the page
    std::uint8_t longest[kPagesPerBlock];  // mixed: the granules that a hole which begins there has at most; 255: any
  };

  std::size_t class_index() const { return size_class.load(std::memory_order_relaxed); }
  char* address() const { return block_address(id); }
};
static_assert(sizeof(Block) == 128, "a descriptor is two cache lines");

inline std::uint32_t pages_per_system_page() { return static_cast<std::uint32_t>(os::page_size >> kPageShift); }

// The pages, and all that share a system page with one of them.
inline PageMask whole_system_pages(PageMask pages) {
  const std::uint32_t group = pages_per_system_page(), all = (1u << group) - 1;
  if (group == 1) [[likely]]
    return pages;
  std::uint32_t any = pages;  // bit i will tell of i to i + group - 1
  for (std::uint32_t step = 1; step < group; step *= 2) any |= any >> step;
  return static_cast<PageMask>((any & PageMask{0xffff} / all) * all);
}

// Calls fn(first_page, pages) for each system page of a mask that consists of whole ones.
template <class Fn>
void each_system_page(PageMask mask, Fn fn) {
  const std::uint32_t pages = pages_per_system_page(), all = (1u << pages) - 1;
  for (std::uint32_t rest = mask; rest != 0;) {
    const std::uint32_t first = static_cast<std::uint32_t>(std::countr_zero(rest));
    fn(first, pages);
    rest &= ~(all << first);
  }
}

constexpr PageMask low_pages(std::size_t pages) {
  return pages >= kPagesPerBlock ? PageMask{0xffff} : static_cast<PageMask>((1u << pages) - 1);
}

inline std::uint32_t count_pages(PageMask mask) { return bits::count16(mask); }

// What objects that were placed changed about their pages. The counts are in pages.
struct Touched {
  std::uint32_t became_resident = 0;
  std::uint32_t were_dirty = 0;
  std::uint16_t returned_at = 0;  // of the block
};

// Notes in the block's masks that objects now lie in the pages, and adds what that changed.
inline void touch(Block& block, PageMask under_objects, Touched& touched) {
  const PageMask pages = whole_system_pages(under_objects);
  const PageMask fresh = static_cast<PageMask>(pages & ~block.resident);
  const PageMask reused = static_cast<PageMask>(pages & block.dirty);
  touched.returned_at = block.returned_at;
  if (fresh != 0) touched.became_resident += count_pages(fresh);
  if (reused != 0) touched.were_dirty += count_pages(reused);
  block.resident |= fresh;
  block.dirty = static_cast<PageMask>(block.dirty & ~reused);
}

// True when what `pointer` points to lies on one of the pages.
inline bool lies_on(PageMask pages, const void* pointer) {
  return ((pages >> (offset_in_block(pointer) >> kPageShift)) & 1) != 0;
}

// Calls fn(first_page, pages) for each run of neighbouring pages in the mask.
template <class Fn>
void each_run(PageMask mask, Fn fn) {
  std::uint32_t rest = mask;
  while (rest != 0) {
    const std::uint32_t first = static_cast<std::uint32_t>(std::countr_zero(rest));
    const std::uint32_t length = static_cast<std::uint32_t>(std::countr_one(rest >> first));
    fn(first, length);
    rest &= ~(((1u << length) - 1) << first);
  }
}

}  // namespace neap
