// mimalloc 3.x: a map of two levels leads from each 64 KiB of addresses to the page there. Its root is a word in the
// library's data, or in that of a program that holds it; it is known by what it leads to: pages that say of themselves
// that they lie where the map has them.
#include <algorithm>
#include <set>

#include "tool/fill/field.h"
#include "tool/fill/mimalloc_pages.h"

namespace neap::mimalloc {
namespace {

constexpr std::uint64_t leaf_entries = 1 << 13, leaf_bytes = leaf_entries * 8;
constexpr std::uint64_t most_leaves = 1 << 19;
constexpr std::uint64_t most_data = 64 << 20, least_map = 64 << 10, os_page = 4096;
constexpr std::uint64_t most_looks = 1 << 21;  // at pages, over all that is read

// Offsets in the head of a page.
constexpr std::size_t free_at = 8, used_at = 16, capacity_at = 18, reserved_at = 20, own_free_at = 24,
                      other_free_at = 32, block_at = 40, start_at = 48, keys_at = 56, head_bytes = 136;
// Where the head tells what memory the page comes from. Where lists are encoded this is two words later.
constexpr std::size_t origin_at[] = {96, 88, 112, 104};
// Where an arena tells how many slices it has; then comes how many of them describe the rest. 3.2 has a number before.
constexpr std::size_t arena_count_at[] = {32, 40}, arena_head_bytes = 64;

class MapReader {
 public:
  explicit MapReader(AddressSpace& space) : space_(space) {}

  // Pages by their first slice. `enough`: stop at so many.
  std::vector<Page> read(std::uint64_t root, std::size_t enough) {
    std::vector<Page> pages;
    std::set<std::uint64_t> seen;  // leaves
    const std::uint64_t end = std::min(end_of_anonymous(space_, root), root + most_leaves * 8);
    std::vector<std::uint64_t> words(os_page / 8);
    for (std::uint64_t at = root; at + os_page <= end && pages.size() < enough; at += os_page) {
      if (!is_resident(at) || !space_.read(at, words.data(), os_page)) continue;
      for (std::size_t i = 0; i < words.size() && pages.size() < enough; ++i) {
        const std::uint64_t covers = ((at - root) / 8 + i) * leaf_entries * slice_bytes;
        if (words[i] == 0) continue;
        if (words[i] % os_page != 0 || !seen.insert(words[i]).second) return pages;  // the map's end, or no map
        if (covers != 0) read_leaf(words[i], covers, enough, pages);
      }
    }
    return pages;
  }
  const std::set<std::uint64_t>& arenas() const { return arenas_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  bool is_resident(std::uint64_t at) {
    std::uint8_t state = page_absent;
    space_.read_pages(at, {&state, 1});
    return state == page_present;
  }

  void read_leaf(std::uint64_t leaf, std::uint64_t covers, std::size_t enough, std::vector<Page>& pages) {
    std::vector<std::uint64_t> heads(leaf_entries);
    if (!space_.read(leaf, heads.data(), leaf_bytes)) return;
    bytes_ += leaf_bytes;
    for (std::size_t i = 0; i < leaf_entries && pages.size() < enough;) {
      const std::uint64_t head = heads[i], slice = covers + i * slice_bytes;
      std::size_t next = i + 1;
      while (next < leaf_entries && heads[next] == head) ++next;
      if (head != 0 && looks_++ < most_looks && !is_rest(pages, head))
        if (const auto page = page_at(head, slice)) pages.push_back(*page);
      i = next;
    }
  }

  // An object that reaches over the end of what a leaf covers goes on in the next.
  static bool is_rest(const std::vector<Page>& pages, std::uint64_t head) {
    return !pages.empty() && pages.back().head == head;
  }

  std::optional<Page> page_at(std::uint64_t head, std::uint64_t slice) {
    char bytes[head_bytes];
    if (space_.mapping_of(slice) == nullptr || !space_.read(head, bytes, sizeof bytes)) return std::nullopt;
    Page page;
    page.head = head;
    page.area = slice;
    page.block_bytes = field<std::uint64_t>(bytes, block_at);
    page.capacity = field<std::uint16_t>(bytes, capacity_at);
    page.used = field<std::uint16_t>(bytes, used_at);
    // A pointer, since 3.4 an offset in words.
    const auto start = field<std::uint64_t>(bytes, start_at);
    page.start = start >> 32 != 0 && start >= slice ? start : 0;
    if (page.start == 0 || page.start - slice >= slice_bytes)
      page.start = head + std::uint64_t{field<std::uint32_t>(bytes, start_at)} * 8;
    page.lists = {field<std::uint64_t>(bytes, free_at), field<std::uint64_t>(bytes, own_free_at),
                  field<std::uint64_t>(bytes, other_free_at) & ~std::uint64_t{3}};
    page.keys = {field<std::uint64_t>(bytes, keys_at), field<std::uint64_t>(bytes, keys_at + 8),
                 field<std::uint64_t>(bytes, keys_at + 16)};
    page.reserved = field<std::uint16_t>(bytes, reserved_at);
    const std::uint64_t room = end_of_anonymous(space_, slice) - slice;
    const bool sane = page.start >= slice && page.start - slice < slice_bytes && page.reserved > 0 &&
                      page.capacity <= page.reserved && page.used <= page.capacity && page.block_bytes >= 8 &&
                      page.block_bytes <= room && page.block_bytes * page.reserved <= room - (page.start - slice);
    if (!sane) return std::nullopt;
    page.area_end = (page.start + page.block_bytes * page.reserved + slice_bytes - 1) / slice_bytes * slice_bytes;
    for (const std::size_t at : origin_at) note_arena(field<std::uint64_t>(bytes, at), slice);
    return page;
  }

  void note_arena(std::uint64_t arena, std::uint64_t slice) {
    if (arena != 0 && arena % slice_bytes == 0 && arena < slice) arenas_.insert(arena);
  }

  AddressSpace& space_;
  std::set<std::uint64_t> arenas_;  // that pages say they come from
  std::uint64_t bytes_ = 0, looks_ = 0;
};

// What an arena covers behind its own slices. Empty where the numbers at this place cannot be an arena's.
std::optional<Region> arena_at(AddressSpace& space, std::uint64_t arena) {
  char head[arena_head_bytes];
  if (!space.read(arena, head, sizeof head)) return std::nullopt;
  const std::uint64_t room = (end_of_anonymous(space, arena) - arena) / slice_bytes;
  for (const std::size_t at : arena_count_at) {
    const auto count = field<std::uint64_t>(head, at), own = field<std::uint64_t>(head, at + 8);
    if (count >= 64 && count <= room && own >= 1 && own < count / 2)
      return Region{arena + own * slice_bytes, arena + count * slice_bytes, arena};
  }
  return std::nullopt;
}

void add_regions(AddressSpace& space, const std::set<std::uint64_t>& arenas, Heap& heap) {
  std::uint64_t end = 0;
  for (const std::uint64_t arena : arenas)
    if (arena >= end)
      if (const auto region = arena_at(space, arena)) {
        heap.regions.push_back(*region);
        end = region->end;
      }
  std::vector<Region> alone;  // objects from outside of the arenas
  for (const Page& page : heap.pages) {
    const auto after = std::upper_bound(heap.regions.begin(), heap.regions.end(), page.area,
                                        [](std::uint64_t at, const Region& region) { return at < region.start; });
    if (after != heap.regions.begin() && page.area < std::prev(after)->end) continue;
    if (alone.empty() || page.area >= alone.back().end) alone.push_back({page.area, page.area_end, page.area});
  }
  heap.regions.insert(heap.regions.end(), alone.begin(), alone.end());
}

bool may_be_root(const AddressSpace& space, std::uint64_t word) {
  if (word == 0 || word % os_page != 0) return false;
  const Mapping* mapping = space.mapping_of(word);
  return mapping != nullptr && mapping->is_private_data() && mapping->is_anonymous() &&
         end_of_anonymous(space, word) - word >= least_map;
}

std::optional<Heap> find_in(AddressSpace& space, const Mapping& data) {
  std::vector<std::uint64_t> words(std::min(space.end_of_data(data) - data.start, most_data) / 8);
  if (!space.read(data.start, words.data(), words.size() * 8)) return std::nullopt;
  std::set<std::uint64_t> tried;
  for (const std::uint64_t word : words) {
    if (!may_be_root(space, word) || !tried.insert(word).second || MapReader(space).read(word, 1).empty()) continue;
    MapReader reader(space);
    Heap heap;
    heap.library = data.path;
    heap.pages = reader.read(word, most_looks);
    add_regions(space, reader.arenas(), heap);
    heap.metadata = reader.bytes();
    return heap;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Heap> find_page_map(AddressSpace& space) {
  const auto& all = space.mappings();
  const auto program = std::find_if(all.begin(), all.end(), [](auto& mapping) { return mapping.is_file(); });
  for (const Mapping& mapping : all) {
    if (!mapping.is_file() || !mapping.is_private_data()) continue;
    const bool library = mapping.path.find("mimalloc", mapping.path.rfind('/')) != std::string::npos;
    if (!library && mapping.path != program->path) continue;
    if (auto heap = find_in(space, mapping)) return heap;
  }
  return std::nullopt;
}

}  // namespace neap::mimalloc
