#include "tool/fill/mimalloc_reader.h"

#include <algorithm>

#include "tool/fill/layout_model.h"
#include "tool/fill/mimalloc_blocks.h"
#include "tool/fill/piece_builder.h"

namespace neap {

namespace mimalloc {

std::uint64_t end_of_anonymous(const AddressSpace& space, std::uint64_t address) {
  const Mapping* last = space.mapping_of(address);
  if (last == nullptr || last->shared || !last->is_anonymous()) return address;
  const Mapping* const past = space.mappings().data() + space.mappings().size();
  while (last + 1 != past && last[1].start == last->end && !last[1].shared && last[1].is_anonymous()) ++last;
  return last->end;
}

namespace {

constexpr std::uint64_t mapped_from = 16 << 20;  // objects that are shown as mappings of their own

class Reading {
 public:
  Reading(AddressSpace& space, const Heap& heap) : space_(space), heap_(heap), blocks_(space, heap.pages) {}

  HeapFill read() {
    fill_.allocator = "mimalloc";
    fill_.library = heap_.library;
    fill_.arenas.push_back({"heap", {}, {}, {}, 0, 0});
    fill_.metadata = resident_metadata();
    fill_.doubt.lost = heap_.unreadable;
    std::vector<Page> pages = heap_.pages;
    std::sort(pages.begin(), pages.end(), [](auto& a, auto& b) { return a.area < b.area; });
    std::size_t next = 0;
    std::vector<Region> regions = heap_.regions;
    std::sort(regions.begin(), regions.end(), [](auto& a, auto& b) { return a.start < b.start; });
    for (const Region& region : regions) {
      PieceBuilder piece(space_, region.start, region.end);
      std::uint64_t at = region.start;
      for (; next < pages.size() && pages[next].area < region.end; ++next) {
        const Page& page = pages[next];
        if (page.area < at) continue;  // no page begins within another
        add(page, piece);
        at = page.area_end;
      }
      fill_.arenas[0].system += region.end - region.start;
      fill_.arenas[0].resident += piece.resident();
      fill_.pieces.push_back(piece.take());
    }
    fill_.system = fill_.arenas[0].system;
    fill_.elsewhere = model_.bytes();
    return std::move(fill_);
  }

 private:
  void add(const Page& page, PieceBuilder& piece) {
    const Blocks blocks = blocks_.read(page);
    fill_.doubt.lost += blocks.doubtful * page.block_bytes;
    fill_.doubt.resyncs += blocks.doubtful != 0 ? 1 : 0;
    SizeRow& row = fill_.by_size[size_row(page.block_bytes)];
    for (std::size_t i = 0; i < blocks.free.size(); ++i) {
      if (blocks.free[i]) {
        fill_.free.add(page.block_bytes), fill_.arenas[0].free.add(page.block_bytes), row.free.add(page.block_bytes);
        continue;
      }
      const std::uint64_t address = blocks.start + i * page.block_bytes;
      piece.add_live(address, page.block_bytes);
      model_.add(address, page.block_bytes);
      fill_.live.add(page.block_bytes), fill_.arenas[0].live.add(page.block_bytes), row.live.add(page.block_bytes);
      if (page.block_bytes >= mapped_from) fill_.mapped.add(page.block_bytes);
    }
  }

  std::uint64_t resident_metadata() {
    std::uint64_t bytes = heap_.metadata;
    for (const Region& region : heap_.regions)
      bytes += PieceBuilder(space_, region.described_at, region.start).resident();
    return bytes;
  }

  AddressSpace& space_;
  const Heap& heap_;
  BlockReader blocks_;
  LayoutModel model_;
  HeapFill fill_;
};

}  // namespace
}  // namespace mimalloc

std::optional<HeapFill> read_mimalloc(AddressSpace& space) {
  auto heap = mimalloc::find_page_map(space);
  if (!heap) heap = mimalloc::find_segments(space);
  if (!heap) return std::nullopt;
  return mimalloc::Reading(space, *heap).read();
}

}  // namespace neap
