#include <algorithm>
#include <set>

#include "tool/fill/glibc_chunks.h"
#include "tool/fill/glibc_heap.h"

namespace neap::glibc {
namespace {

constexpr std::size_t most_heaps = 1 << 16;
constexpr std::uint64_t state_behind_bins = (254 + 2 + 5) * 8;  // bins, binmap, and five words to the end

std::uint64_t rounded(std::uint64_t address, std::uint64_t unit) { return (address + unit - 1) / unit * unit; }

class Extents {
 public:
  Extents(AddressSpace& space, GlibcHeap& heap) : space_(space), heap_(heap) {}

  void find_main() {
    const Arena& arena = heap_.arenas[0];
    const std::uint64_t start = rounded(heap_.sbrk_base, alignment);
    if (heap_.sbrk_base == 0 || arena.system == 0) return;
    const std::uint64_t limit = space_.end_of_memory(start);
    std::uint64_t size = 0;
    const bool in_one = arena.is_contiguous() && arena.top >= start && arena.top < limit;
    if (in_one && space_.read_word(arena.top + 8, size))
      return add({start, std::min(limit, arena.top + std::min(chunk_size(size), limit - arena.top)), 0,
                  start - heap_.sbrk_base});
    if (limit > start) add({start, limit, 0, start - heap_.sbrk_base});
    find_pieces();
  }

  // Finds a worker arena's heaps, from the one that its top lies in back to the first.
  void find_worker(std::uint32_t index) {
    const Arena& arena = heap_.arenas[index];
    std::uint64_t base = arena.top & ~(heap_.worker_heap - 1);
    const std::uint64_t info_bytes = arena.state & (heap_.worker_heap - 1);
    for (std::size_t count = 0; count < most_heaps && base != 0 && bases_.insert(base).second; ++count) {
      std::uint64_t info[3] = {};
      if (!space_.read(base, info, sizeof info) || info[0] != arena.state) return;
      const bool first = base + info_bytes == arena.state;
      const std::uint64_t begin = first ? arena.state + heap_.bins_offset + state_behind_bins : base + info_bytes;
      const std::uint64_t start = rounded(begin, alignment), limit = space_.end_of_memory(base);
      const std::uint64_t end = std::min(limit, base + std::min(info[2], heap_.worker_heap));
      if (start < end) add({start, end, index, start - base});
      base = info[1];
      if (base % heap_.worker_heap != 0) return;
    }
  }

 private:
  void add(const Extent& extent) { heap_.extents.push_back(extent); }

  // Where brk was refused, the main arena went on in mappings. Nothing but their chunks tells which mappings these are.
  void find_pieces() {
    std::uint64_t found = 0;
    for (const Mapping& mapping : space_.mappings())
      if (mapping.is_private_data() && mapping.is_anonymous() && !bases_.contains(mapping.start) &&
          !mapping.holds(heap_.sbrk_base))
        find_pieces_in(mapping, found);
    const std::uint64_t brk = heap_.extents.empty() ? 0 : heap_.extents[0].end - heap_.extents[0].start;
    const std::uint64_t all = heap_.arenas[0].system;
    heap_.unfound_main = found + brk < all ? all - found - brk : 0;
  }

  void find_pieces_in(const Mapping& mapping, std::uint64_t& found) {
    Window window(space_, mapping.start, mapping.end), probe(space_, mapping.start, mapping.end);
    const Rules rules{mapping.end, heap_.arenas[0].top, false};
    const std::uint64_t page = space_.page_size();
    for (std::uint64_t at = mapping.start; at + page <= mapping.end && found < heap_.arenas[0].system;) {
      std::uint64_t head = 0;
      if (!window.word(at + 8, head)) return;
      if ((head & size_bits) != previous_used || !begins_chain(probe, at, rules, patience_)) {
        at = next_present(at + page, mapping.end);
        continue;
      }
      const std::uint64_t end = end_of_chain(window, at, rules);
      add({at, end, 0});
      found += end - at;
      at = rounded(end, page);
    }
  }

  std::uint64_t next_present(std::uint64_t from, std::uint64_t end) {
    std::uint8_t states[512];
    const std::uint64_t page = space_.page_size();
    while (from < end) {
      const std::size_t count = std::min<std::uint64_t>(std::size(states), (end - from) / page);
      if (count == 0) return end;
      space_.read_pages(from, {states, count});
      for (std::size_t i = 0; i < count; ++i)
        if (states[i] == page_present) return from + i * page;
      from += count * page;
    }
    return end;
  }

  static std::uint64_t end_of_chain(Window& window, std::uint64_t at, const Rules& rules) {
    for (;;) {
      std::uint64_t head = 0;
      if (!window.word(at + 8, head)) return at;
      if (at == rules.top) return at + std::min(chunk_size(head), rules.end - at);
      if (is_fence(head)) return at + 2 * chunk_size(head);
      if (!may_be_chunk(head, at, rules)) return at;
      at += chunk_size(head);
    }
  }

  AddressSpace& space_;
  GlibcHeap& heap_;
  std::set<std::uint64_t> bases_;
  Patience patience_;
};

}  // namespace

void find_extents(AddressSpace& space, GlibcHeap& heap) {
  Extents extents(space, heap);
  for (std::uint32_t i = 1; i < heap.arenas.size(); ++i) extents.find_worker(i);
  extents.find_main();
  std::stable_sort(heap.extents.begin(), heap.extents.end(), [](auto& a, auto& b) { return a.arena < b.arena; });
}

}  // namespace neap::glibc
