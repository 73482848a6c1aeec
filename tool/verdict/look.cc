#include "tool/verdict/look.h"

#include <algorithm>
#include <array>
#include <set>

#include "tool/inspect/thread_stacks.h"

namespace neap {
namespace {

constexpr std::array part_names = {
    Part{PartKind::files, "code and files"},
    Part{PartKind::stacks, "stacks"},
    Part{PartKind::heap, "heap"},
    Part{PartKind::own, "the allocator's own"},
    Part{PartKind::others, "not malloc's"},
    Part{PartKind::shared, "shared memory"},
    Part{PartKind::kernel, "of the kernel"},
};

bool is_shared_memory(const Mapping& mapping) {
  return mapping.path.starts_with("/memfd:") || mapping.path.starts_with("/dev/shm/") ||
         mapping.path.starts_with("/SYSV") || mapping.path.starts_with("/dev/zero") ||
         (mapping.shared && !mapping.is_file());
}

PartKind kind_of(const Mapping& mapping, const std::set<std::uint64_t>& stacks) {
  if (mapping.path == "[stack]" || stacks.contains(mapping.start)) return PartKind::stacks;
  if (is_shared_memory(mapping)) return PartKind::shared;
  if (mapping.is_file()) return PartKind::files;
  if (mapping.path.starts_with("[v")) return PartKind::kernel;
  return PartKind::others;
}

// The pieces of all heaps by address, and how much of each is resident. The pages are read once for all mappings.
class HeapRanges {
 public:
  HeapRanges(const std::vector<HeapFill>& heaps, std::uint64_t page_size) : page_size_(page_size) {
    for (const HeapFill& heap : heaps)
      for (const HeapPiece& piece : heap.pieces) pieces_.push_back(&piece);
    std::sort(pieces_.begin(), pieces_.end(), [](auto* a, auto* b) { return a->start < b->start; });
  }
  // Resident and swapped heap bytes inside of the mapping.
  std::pair<std::uint64_t, std::uint64_t> inside(const Mapping& mapping) const {
    std::uint64_t resident = 0, swapped = 0;
    auto next = std::upper_bound(pieces_.begin(), pieces_.end(), mapping.start,
                                 [](std::uint64_t start, auto* piece) { return start < piece->start; });
    if (next != pieces_.begin()) --next;  // may reach into the mapping
    for (; next != pieces_.end() && (*next)->start < mapping.end; ++next) {
      const HeapPiece* piece = *next;
      const std::uint64_t end = piece->start + piece->pages.size() * page_size_;
      const std::uint64_t from = std::max(piece->start, mapping.start), to = std::min(end, mapping.end);
      for (std::uint64_t at = from; at < to; at += page_size_) {
        const std::uint8_t state = piece->pages[(at - piece->start) / page_size_].state;
        resident += state == page_present ? page_size_ : 0;
        swapped += state == page_swapped ? page_size_ : 0;
      }
    }
    return {resident, swapped};
  }

 private:
  std::uint64_t page_size_;
  std::vector<const HeapPiece*> pieces_;
};

// A core's mappings are not counted by any kernel.
void count_pages(AddressSpace& space, std::vector<Mapping>& mappings) {
  for (Mapping& mapping : mappings) {
    std::vector<std::uint8_t> states(mapping.size() / space.page_size());
    space.read_pages(mapping.start, states);
    const auto present = std::count(states.begin(), states.end(), page_present);
    mapping.resident = static_cast<std::uint64_t>(present) * space.page_size();
  }
}

void divide(AddressSpace& space, Look& look) {
  look.parts.assign(part_names.begin(), part_names.end());
  const auto part = [&](PartKind kind) -> Part& { return look.parts[static_cast<std::size_t>(kind)]; };
  std::vector<Mapping> mappings = space.mappings();
  if (look.pid == 0) count_pages(space, mappings);
  const std::set<std::uint64_t> stacks = find_thread_stacks(space, look.pid);
  const HeapRanges ranges(look.heaps, look.page_size);
  for (const Mapping& mapping : mappings) {
    look.resident += mapping.resident;
    look.proportional += mapping.proportional;
    look.swapped += mapping.swapped;
    auto [heap, heap_swapped] = ranges.inside(mapping);
    heap = std::min(heap, mapping.resident);  // counted a moment apart
    heap_swapped = std::min(heap_swapped, mapping.swapped);
    part(PartKind::heap).resident += heap;
    part(PartKind::heap).swapped += heap_swapped;
    Part& rest = part(kind_of(mapping, stacks));
    rest.resident += mapping.resident - heap;
    rest.swapped += mapping.swapped - heap_swapped;
  }
  for (const HeapFill& heap : look.heaps) {
    if (heap.allocator == "glibc") continue;  // whose metadata lies between the objects
    const std::uint64_t own = std::min(heap.metadata, part(PartKind::others).resident);
    part(PartKind::own).resident += own;
    part(PartKind::others).resident -= own;
  }
}

}  // namespace

std::uint64_t Look::live() const {
  std::uint64_t bytes = 0;
  for (const FillSums& heap : sums) bytes += heap.live_resident;
  return bytes;
}

std::uint64_t Look::waste() const {
  std::uint64_t bytes = 0;
  for (const FillSums& heap : sums) bytes += heap.waste();
  return bytes;
}

std::uint64_t Look::part(PartKind kind) const {
  const auto found = std::find_if(parts.begin(), parts.end(), [kind](auto& part) { return part.kind == kind; });
  return found == parts.end() ? 0 : found->resident;
}

Look look_at(AddressSpace& space, pid_t pid, const std::string& name) {
  Look look;
  look.pid = pid;
  look.name = name;
  look.page_size = space.page_size();
  look.heaps = read_heaps(space);
  for (const HeapFill& heap : look.heaps) look.sums.push_back(sum_of(heap, look.page_size));
  look.unread = unread_allocators(space, look.heaps);
  divide(space, look);
  return look;
}

}  // namespace neap
