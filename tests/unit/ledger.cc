#include "ledger.h"

#include <algorithm>
#include <bit>
#include <map>

#include "fake_os.h"
#include "mixed/mixed_block.h"
#include "pages/chunk.h"
#include "sizes/size_class.h"

namespace neap {
namespace {

constexpr PageMask bit_of(std::uint32_t page) { return static_cast<PageMask>(1u << page); }

bool is_zero(const char* page) {
  const auto* words = reinterpret_cast<const std::uint64_t*>(page);
  return std::all_of(words, words + kPageSize / sizeof *words, [](std::uint64_t word) { return word == 0; });
}

class Walk {
 public:
  void chunk(Chunk& chunk) {
    for (std::size_t i = 0; i < chunk.committed();) i += chunk.is_never_taken(i) ? 1 : block(chunk, i);
    bitmaps(chunk);
  }
  Ledger ledger;

 private:
  // Counts the run that begins at block `i`. Returns how many blocks it has.
  std::size_t block(Chunk& chunk, std::size_t i) {
    Block& block = *chunk.at(i);
    if (chunk.is_free(i) && chunk.is_closed(i)) {
      if (block.resident != 0) fault(chunk.address_of_block(i), "closed, and has resident pages");
    } else if (chunk.is_free(i)) {
      free_block(block, chunk.address_of_block(i));
    } else if (block.kind.load() == BlockKind::slab) {
      slab(block);
      return std::size_t{1} + block.guards;
    } else if (block.kind.load() == BlockKind::held) {
      return block.large.blocks;
    } else if (block.kind.load() == BlockKind::mixed) {
      mixed(block);
    } else if (block.kind.load() == BlockKind::large) {
      large(chunk, i);
      return block.large.blocks;
    } else if (block.kind.load() == BlockKind::spare) {
      ledger.resident_pages += block.large.pages;
      ledger.dirty_pages += block.large.pages;
      tail(block);
      return block.large.blocks;
    } else {
      fault(chunk.address_of_block(i), "taken by nobody");
    }
    return 1;
  }

  void free_block(const Block& block, char* begin) {
    if (block.kind.load() != BlockKind::free) fault(begin, "free in the chunk, not in its descriptor");
    if (block.dirty != block.resident) fault(begin, "free, and its resident pages are not all dirty");
    if (block.dirty != 0 && block.queued.load() == 0) fault(begin, "free and dirty, and not queued");
    count_masks(block, begin);
  }

  void slab(const Block& block) {
    const ClassRow& row = kClasses[block.class_index()];
    std::uint32_t free = 0;
    std::uint16_t live[kPagesPerBlock] = {};
    if (block.bitmap_lines == 0 && row.capacity > kFewObjects) fault(block.address(), "a slab has no bitmap");
    for (std::uint32_t object = 0; object < row.capacity; ++object) {
      if (bits::test(block.free_bits, object)) {
        ++free;
        continue;
      }
      const std::uint32_t first = (object * row.size) >> kPageShift, last = ((object + 1) * row.size - 1) >> kPageShift;
      for (std::uint32_t page = first; page <= last; ++page) {
        ++live[page];
        if (block.dirty & bit_of(page)) fault(block.address(), "a page under a live object is dirty");
        if (!(block.resident & bit_of(page))) fault(block.address(), "a page under a live object is not resident");
      }
    }
    if (free != block.free_count) fault(block.address(), "the count of free objects is not its bitmap's");
    if (!std::ranges::equal(live, block.live)) fault(block.address(), "the counts of its pages are not its bitmap's");
    std::uint32_t next = row.capacity;
    for (const std::uint32_t count : {1u, row.few_free + 1u, std::uint32_t{row.sparse_free}}) {
      if (count > free && count < next) next = count;
    }
    if (free != row.capacity && block.settle_at != next)
      fault(block.address(), "its bin looks at it too early or late");
    if (block.dirty & ~block.resident) fault(block.address(), "a page is dirty and not resident");
    if (block.dirty != 0 && block.queued.load() == 0) fault(block.address(), "a dirty slab is not queued");
    ledger.small_bytes += std::uint64_t{row.capacity - free} * row.size;
    count_masks(block, block.address());
  }

  void mixed(const Block& block) {
    ++ledger.mixed_blocks;
    std::uint32_t free = 0;
    for (std::uint32_t i = 0; i < mixed::kGranules; ++i) {
      if (!bits::test(block.free_bits, i)) continue;
      ++free;
      if (!bits::test(block.mixed.begin_bits, i)) fault(block.address(), "a free granule is no begin");
      if (i / bits::kWordBits < block.first_word) fault(block.address(), "a free granule lies below the first word");
    }
    if (free != block.free_count) fault(block.address(), "the count of free granules is not its bitmap's");
    if (free == mixed::kGranules) fault(block.address(), "an empty mixed block");
    for (std::uint32_t page = 0; page < kPagesPerBlock; ++page) {
      const std::uint32_t first = page & ~(pages_per_system_page() - 1), end = first + pages_per_system_page();
      const bool empty = bits::all_set(block.free_bits, first * mixed::kGranulesPerPage, end * mixed::kGranulesPerPage);
      if (!empty && !(block.resident & bit_of(page)))
        fault(block.address(), "a page under a live object is not resident");
      const bool dirty = (block.dirty & bit_of(page)) != 0, waits = empty && (block.resident & bit_of(page)) != 0;
      if (dirty != waits) {
        fault(block.address(), "dirty pages of a mixed block are not its free resident ones");
      }
    }
    if (block.dirty != 0 && block.queued.load() == 0) fault(block.address(), "a dirty mixed block is not queued");
    ledger.small_bytes += std::uint64_t{mixed::kGranules - free} << mixed::kGranuleShift;
    count_masks(block, block.address());
  }

  static bool in_whole_system_pages(const Block& block) {
    return whole_system_pages(block.resident) == block.resident && whole_system_pages(block.dirty) == block.dirty;
  }

  void large(Chunk& chunk, std::size_t begin) {
    const Block& first = *chunk.at(begin);
    ledger.large_pages += first.large.pages;
    ledger.resident_pages += first.large.pages;
    ++ledger.large_objects;
    if (first.large.pages % pages_per_system_page() != 0) fault(first.address(), "has a part of a system page");
    const std::size_t end = std::min<std::size_t>(begin + first.large.blocks, chunk.committed());
    if (first.large.pages > first.large.blocks * std::size_t{kPagesPerBlock})
      fault(first.address(), "larger than its run");
    for (std::size_t i = begin; i < end; ++i) {
      if (chunk.at(i)->dirty != 0) fault(chunk.address_of_block(i), "inside a large object and dirty");
    }
    tail(first);
    if (first.large.tail != 0 && first.queued.load() == 0) fault(first.address(), "a tail is not queued");
    const std::size_t last = blocks_of(first.large.pages * kPageSize) - 1;
    const bool is_guarded = chunk.has_own_guards();
    for (std::size_t page = first.large.pages; page < (end - begin) * kPagesPerBlock; ++page) {
      if (is_guarded || chunk.is_closed(begin + page / kPagesPerBlock)) continue;
      if (page / kPagesPerBlock == last &&
          (first.large.tail & bit_of(static_cast<std::uint32_t>(page % kPagesPerBlock))) != 0)
        continue;
      if (!is_zero(first.address() + page * kPageSize))
        fault(first.address() + page * kPageSize, "garbage behind a large object");
    }
  }

  void tail(const Block& first) {
    const PageMask pages = first.large.tail;
    ledger.resident_pages += static_cast<std::uint64_t>(std::popcount(pages));
    ledger.dirty_pages += static_cast<std::uint64_t>(std::popcount(pages));
    if ((pages & low_pages((first.large.pages - 1) % kPagesPerBlock + 1)) != 0)
      fault(first.address(), "a tail that lies in the object");
    if (whole_system_pages(pages) != pages) fault(first.address(), "a tail parts a system page");
  }

  void bitmaps(Chunk& chunk) {
    std::map<const bits::Word*, std::size_t> words;  // of each bitmap, by where it begins
    for (std::size_t i = 0; i < chunk.committed(); ++i) {
      const Block& block = *chunk.at(i);
      const std::size_t lines = block.bitmap_lines;
      const bool in_use = block.kind.load() == BlockKind::slab || block.kind.load() == BlockKind::mixed;
      if (!in_use && lines != 0) fault(chunk.address_of_block(i), "no slab, no mixed block, and has bitmaps");
      if (lines != 0 && !words.emplace(block.free_bits, lines * kCacheLine / sizeof(bits::Word)).second)
        fault(chunk.address_of_block(i), "two blocks have the same bitmap");
    }
    const bits::Word* end = nullptr;
    for (const auto& [begin, length] : words) {
      if (begin < end) fault(chunk.address_of_block(0), "bitmaps overlap");
      end = begin + length;
    }
  }

  void count_masks(const Block& block, const char* begin) {
    if (!in_whole_system_pages(block)) fault(begin, "its masks part a system page");
    ledger.resident_pages += static_cast<std::uint64_t>(std::popcount(block.resident));
    ledger.dirty_pages += static_cast<std::uint64_t>(std::popcount(block.dirty));
    for (std::uint32_t page = 0; page < kPagesPerBlock; ++page) {
      const char* at = begin + page * kPageSize;
      if (!(block.resident & bit_of(page)) && !is_zero(at)) fault(at, "taken for zeros, and is not");
    }
  }

  void fault(const char* address, const char* what) {
    if (!ledger.fault.empty()) return;
    char text[32];
    std::snprintf(text, sizeof text, "%p: ", static_cast<const void*>(address));
    ledger.fault = text + std::string(what);
  }
};

}  // namespace

Ledger recount(const PageMap& map) {
  Walk walk;
  for (const fake_os::Range& range : fake_os::reservations()) {
    Chunk* chunk = map.chunk(address_of(range.begin));
    if (chunk != nullptr && chunk->address_of_block(0) == range.begin) walk.chunk(*chunk);
  }
  return walk.ledger;
}

}  // namespace neap
