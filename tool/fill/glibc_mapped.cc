#include <map>

#include "tool/fill/glibc_heap.h"
#include "tool/fill/window.h"

namespace neap::glibc {
namespace {

// A large object is a mapping of its own: a chunk that says so, whose size and what stands before it are whole pages.
// Mappings grow together in /proc, so that one can hold several, or begin with something else.
class MappedSearch {
 public:
  MappedSearch(AddressSpace& space, GlibcHeap& heap) : space_(space), heap_(heap) {
    for (const Extent& extent : heap.extents) taken_[extent.start] = extent.end;
  }

  void look_at_starts() {
    each_mapping([&](const Mapping& mapping, Window& window) {
      std::uint64_t at = mapping.start;
      while (const std::uint64_t size = chunk_at(window, at)) take(at, size), at += size;
    });
  }
  // Looks on every resident page too, for as long as something is missing.
  void look_at_pages() {
    each_mapping([&](const Mapping& mapping, Window& window) {
      if (mapping.size() > most_scanned) return;
      const std::uint64_t page = space_.page_size();
      std::vector<std::uint8_t> states(mapping.size() / page);
      space_.read_pages(mapping.start, states);
      for (std::size_t i = 0; i < states.size() && missing() > 0;) {
        const std::uint64_t at = mapping.start + i * page;
        const std::uint64_t size = states[i] == page_present && !is_taken(at) ? chunk_at(window, at) : 0;
        if (size != 0 && size <= missing()) take(at, size);
        i += size != 0 ? size / page : 1;
      }
    });
  }
  // What is still missing, in whole pages: 2.43 counts 16 bytes too much for each realloc of such an object.
  std::uint64_t missing() const {
    return heap_.mapped_bytes > found_ ? (heap_.mapped_bytes - found_) / space_.page_size() * space_.page_size() : 0;
  }

 private:
  static constexpr std::uint64_t most_scanned = std::uint64_t{64} << 30;

  template <class Fn>
  void each_mapping(Fn look) {
    for (const Mapping& mapping : space_.mappings()) {
      if (missing() == 0) return;
      if (!mapping.is_private_data() || !mapping.is_anonymous()) continue;
      Window window(space_, mapping.start, mapping.end);
      look(mapping, window);
    }
  }
  bool is_taken(std::uint64_t at) const {
    const auto next = taken_.upper_bound(at);
    return next != taken_.begin() && std::prev(next)->second > at;
  }

  // The size of the mapping that begins there; 0: none does.
  std::uint64_t chunk_at(Window& window, std::uint64_t at) {
    const std::uint64_t page = space_.page_size();
    std::uint64_t before = 0, head = 0;
    if (!window.word(at, before) || !window.word(at + 8, head)) return 0;
    if ((head & size_bits) != is_mapped || before % alignment != 0 || before >= page) return 0;
    std::uint64_t size = (head & ~size_bits) + before;
    if (size % page == page - 16) size += 16;  // from 2.43 on it leaves out its own head
    return size != 0 && size % page == 0 && size <= window.end() - at ? size : 0;
  }

  void take(std::uint64_t at, std::uint64_t size) {
    heap_.mapped.push_back({at, size});
    taken_[at] = at + size;
    found_ += size;
  }

  AddressSpace& space_;
  GlibcHeap& heap_;
  std::map<std::uint64_t, std::uint64_t> taken_;  // start -> end
  std::uint64_t found_ = 0;
};

}  // namespace

void find_mapped(AddressSpace& space, GlibcHeap& heap) {
  MappedSearch search(space, heap);
  search.look_at_starts();
  if (search.missing() > 0) search.look_at_pages();
  heap.unfound_mapped = search.missing();
}

}  // namespace neap::glibc
