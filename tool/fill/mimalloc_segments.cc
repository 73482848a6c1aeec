// mimalloc 2.x: each 32 MiB of a heap (64 in the oldest), or each object of more, is a segment: it begins at a multiple
// of that with a description of itself and of the slices it is cut into. Four layouts were released; the one in which
// the descriptions agree with themselves is that of the program.
#include <algorithm>

#include "tool/fill/field.h"
#include "tool/fill/mimalloc_pages.h"

namespace neap::mimalloc {
namespace {

constexpr std::uint64_t segment_bytes = 32 << 20;
constexpr std::uint64_t most_segments = 1 << 20;
constexpr std::uint32_t huge_block = std::uint32_t{1} << 31;  // in 32 bits: the page is the block

// Offsets in a segment, and in the description of a slice (which is that of the page that begins there).
struct Layout {
  std::uint16_t cookie, slice_count, info_count, kind, entries, slices;
  std::uint16_t slice_size;
  bool wide;  // slices tell where their blocks begin
  std::uint16_t keys, other_free;
  std::uint16_t most_slices;  // of a segment that is not of one object
};
constexpr std::uint16_t capacity_at = 10, reserved_at = 12, free_at = 16;
constexpr std::uint16_t used_at = 24, block_at = 28, own_free_at = 32;                                // not wide
constexpr std::uint16_t wide_own_free_at = 24, wide_used_at = 32, wide_block_at = 40, start_at = 48;  // wide
constexpr Layout layouts[] = {
    {216, 224, 232, 240, 248, 264, 80, false, 0, 40, 512},   // 2.0.9 to 2.1.2
    {216, 224, 232, 240, 248, 264, 96, true, 0, 56, 512},    // 2.1.4 to 2.1.7
    {224, 248, 256, 264, 272, 288, 96, true, 0, 56, 512},    // 2.1.8 to 2.4
    {320, 328, 336, 344, 360, 368, 80, false, 0, 40, 1024},  // 2.0.3 to 2.0.7
    {216, 224, 232, 240, 248, 264, 96, false, 40, 56, 512},  // the same once more with encoded lists
    {216, 224, 232, 240, 248, 264, 112, true, 56, 72, 512},  //
    {224, 248, 256, 264, 272, 288, 112, true, 56, 72, 512}, {320, 328, 336, 344, 360, 368, 96, false, 40, 56, 1024},
};
constexpr std::size_t head_bytes = 368;

struct Segment {
  std::uint64_t start = 0, slices = 0, info = 0, entries = 0, cookie = 0;
  bool huge = false;
  std::uint64_t end() const { return start + slices * slice_bytes; }
};

std::optional<Segment> read_head(AddressSpace& space, const Layout& of, std::uint64_t start) {
  char head[head_bytes];
  if (start % (of.most_slices * slice_bytes) != 0) return std::nullopt;
  if (!space.read(start, head, sizeof head)) return std::nullopt;
  const Segment segment{start,
                        field<std::uint64_t>(head, of.slice_count),
                        field<std::uint64_t>(head, of.info_count),
                        field<std::uint64_t>(head, of.entries),
                        field<std::uint64_t>(head, of.cookie) ^ start,
                        field<std::uint32_t>(head, of.kind) == 1};
  const std::uint64_t room = (end_of_anonymous(space, start) - start) / slice_bytes;
  const bool sane = field<std::uint32_t>(head, of.kind) <= 1 && segment.info >= 1 && segment.info <= 4 &&
                    segment.entries > segment.info && segment.entries <= of.most_slices + 1u &&
                    segment.slices <= room && segment.slices >= segment.entries - 1 &&
                    (segment.huge || segment.slices == of.most_slices);
  return sane ? std::optional(segment) : std::nullopt;
}

class SegmentReader {
 public:
  SegmentReader(AddressSpace& space, const Layout& layout) : space_(space), of_(layout) {}

  // The pages of a segment; empty when what it says of its slices cannot be.
  std::optional<std::vector<Page>> pages(const Segment& segment) {
    descriptions_.resize(segment.entries * of_.slice_size);
    if (!space_.read(segment.start + of_.slices, descriptions_.data(), descriptions_.size())) return std::nullopt;
    std::vector<Page> pages;
    for (std::uint64_t at = 0; at < segment.entries;) {
      const char* slice = &descriptions_[at * of_.slice_size];
      const std::uint64_t count = field<std::uint32_t>(slice, 0), back = field<std::uint32_t>(slice, 4);
      const bool fits = count >= 1 && back == 0 && (segment.huge || at + count <= segment.entries) &&
                        at + count <= segment.slices && (at > 0 || count == segment.info);
      if (!fits) return std::nullopt;
      if (const auto page = page_of(segment, at, count, slice)) {
        if (at > 0 && page->block_bytes != 0) pages.push_back(*page);
      } else {
        return std::nullopt;
      }
      at += count;
    }
    return pages;
  }

 private:
  // The page that a slice describes; without blocks where the slice is free. Empty where the slice cannot be right.
  std::optional<Page> page_of(const Segment& segment, std::uint64_t at, std::uint64_t count, const char* slice) const {
    Page page;
    page.head = segment.start + of_.slices + at * of_.slice_size;
    page.area = segment.start + at * slice_bytes;
    page.area_end = page.area + count * slice_bytes;
    page.block_bytes = of_.wide ? field<std::uint64_t>(slice, wide_block_at) : field<std::uint32_t>(slice, block_at);
    if (!of_.wide && page.block_bytes >= huge_block) page.block_bytes = count * slice_bytes;
    page.capacity = field<std::uint16_t>(slice, capacity_at);
    page.used = of_.wide ? field<std::uint16_t>(slice, wide_used_at) : field<std::uint32_t>(slice, used_at);
    page.reserved = field<std::uint16_t>(slice, reserved_at);
    if (page.block_bytes <= 1 || at == 0 || page.reserved == 0) return page.block_bytes = 0, page;
    if (of_.wide) page.start = field<std::uint64_t>(slice, start_at);
    page.lists = {field<std::uint64_t>(slice, free_at),
                  field<std::uint64_t>(slice, of_.wide ? wide_own_free_at : own_free_at),
                  field<std::uint64_t>(slice, of_.other_free) & ~std::uint64_t{3}};
    if (of_.keys != 0)
      page.keys = {field<std::uint64_t>(slice, of_.keys), field<std::uint64_t>(slice, of_.keys + 8u), 0};
    const bool starts = !of_.wide || (page.start >= page.area && page.start < page.area_end);
    const std::uint64_t room = page.area_end - (of_.wide && starts ? page.start : page.area);
    const bool sane = page.capacity <= page.reserved && page.used <= page.capacity && starts &&
                      page.block_bytes <= room && page.block_bytes * page.reserved <= room;
    return sane ? std::optional(page) : std::nullopt;
  }

  AddressSpace& space_;
  const Layout& of_;
  std::vector<char> descriptions_;
};

// Multiples of 32 MiB whose page is resident.
std::vector<std::uint64_t> candidates(AddressSpace& space) {
  std::vector<std::uint64_t> found;
  for (const Mapping& mapping : space.mappings()) {
    if (!mapping.is_private_data() || !mapping.is_anonymous()) continue;
    std::uint64_t at = (mapping.start + segment_bytes - 1) / segment_bytes * segment_bytes;
    for (; at >= mapping.start && at < mapping.end && found.size() < most_segments; at += segment_bytes) {
      std::uint8_t state = page_absent;
      space.read_pages(at, {&state, 1});
      if (state == page_present) found.push_back(at);
    }
  }
  return found;
}

void take(AddressSpace& space, const Layout& of, const Segment& segment, Heap& heap) {
  SegmentReader reader(space, of);
  auto pages = reader.pages(segment);
  for (int again = 0; !pages && again < 20 && !space.is_still(); ++again) pages = reader.pages(segment);
  if (!pages) {
    heap.unreadable += segment.end() - segment.start;
    return;
  }
  const std::uint64_t first = segment.start + segment.info * slice_bytes;
  heap.regions.push_back({first, segment.end(), segment.start});
  heap.pages.insert(heap.pages.end(), pages->begin(), pages->end());
}

std::string library_of(const AddressSpace& space) {
  const Mapping* program = nullptr;
  for (const Mapping& mapping : space.mappings()) {
    if (!mapping.is_file()) continue;
    if (program == nullptr) program = &mapping;
    if (mapping.path.find("mimalloc", mapping.path.rfind('/')) != std::string::npos) return mapping.path;
  }
  return program == nullptr ? "" : program->path;
}

}  // namespace

// Segments of one program are marked by one cookie: what is marked by another is no segment.
std::optional<Heap> find_segments(AddressSpace& space) {
  const std::vector<std::uint64_t> starts = candidates(space);
  for (const Layout& of : layouts)
    for (const std::uint64_t start : starts) {
      const auto first = read_head(space, of, start);
      if (!first || !SegmentReader(space, of).pages(*first)) continue;
      Heap heap;
      heap.library = library_of(space);
      std::uint64_t end = 0;
      for (const std::uint64_t other : starts) {
        if (other < end) continue;  // inside of a huge one
        const auto segment = read_head(space, of, other);
        if (!segment || segment->cookie != first->cookie) continue;
        take(space, of, *segment, heap);
        end = segment->end();
      }
      if (!heap.pages.empty()) return heap;
    }
  return std::nullopt;
}

}  // namespace neap::mimalloc
