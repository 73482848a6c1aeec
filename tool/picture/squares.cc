#include "tool/picture/squares.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>

#include "tool/render/quantity.h"

namespace neap {
namespace {

constexpr std::size_t most_groups = 12;

// What `count` pages from `first` on are as a whole.
SquareKind kind_of(const HeapPiece& piece, std::size_t first, std::size_t count, std::uint64_t page_size) {
  std::uint64_t resident = 0, swapped = 0, live = 0;
  for (std::size_t i = first; i < first + count; ++i) {
    const PageFill& page = piece.pages[i];
    swapped += page.state == page_swapped;
    if (page.state != page_present) continue;
    resident += page_size;
    live += std::min<std::uint64_t>(page.live, page_size);
  }
  if (resident == 0) return swapped > 0 ? SquareKind::swapped : SquareKind::returned;
  if (piece.kind == PieceKind::mapped) return SquareKind::mapped;
  if (live == 0) return SquareKind::empty;
  if (live * 4 < resident) return SquareKind::sparse;
  if (live * 2 < resident) return SquareKind::quarter;
  return live * 4 < resident * 3 ? SquareKind::half : SquareKind::full;
}

struct Arena {
  std::string name;
  std::uint64_t resident = 0, live = 0;
  std::vector<const HeapPiece*> pieces;
};

std::vector<Arena> arenas_of(const Look& look) {
  std::vector<Arena> arenas;
  for (const HeapFill& heap : look.heaps) {
    const std::size_t first = arenas.size();
    for (const ArenaFill& arena : heap.arenas)
      arenas.push_back({fmt::format("{}, {}", heap.allocator, arena.name), arena.resident, arena.live.bytes, {}});
    const std::size_t mapped = arenas.size();
    arenas.push_back({fmt::format("{}, mapped one by one", heap.allocator), 0, heap.mapped.bytes, {}});
    for (const HeapPiece& piece : heap.pieces) {
      Arena& arena = arenas[piece.kind == PieceKind::mapped ? mapped : first + piece.arena];
      arena.pieces.push_back(&piece);
      if (piece.kind == PieceKind::mapped)
        for (const PageFill& page : piece.pages) arena.resident += page.state == page_present ? look.page_size : 0;
    }
  }
  std::erase_if(arenas, [](const Arena& arena) { return arena.pieces.empty(); });
  std::stable_sort(arenas.begin(), arenas.end(), [](auto& a, auto& b) { return a.resident > b.resident; });
  if (arenas.size() <= most_groups) return arenas;
  Arena& rest = arenas[most_groups - 1];
  for (std::size_t i = most_groups; i < arenas.size(); ++i) {
    rest.resident += arenas[i].resident;
    rest.live += arenas[i].live;
    rest.pieces.insert(rest.pieces.end(), arenas[i].pieces.begin(), arenas[i].pieces.end());
  }
  rest.name = fmt::format("{} more arenas", arenas.size() - most_groups + 1);
  arenas.resize(most_groups);
  return arenas;
}

}  // namespace

std::uint64_t pages_for_square(const std::vector<const Look*>& looks, std::uint64_t most) {
  std::uint64_t largest = 1;
  for (const Look* look : looks) {
    std::uint64_t pages = 0;
    for (const HeapFill& heap : look->heaps)
      for (const HeapPiece& piece : heap.pieces) pages += piece.pages.size();
    largest = std::max(largest, pages);
  }
  return std::bit_ceil((largest + most - 1) / most);
}

std::vector<SquareGroup> squares_of(const Look& look, std::uint64_t pages_a_square) {
  std::vector<SquareGroup> groups;
  for (Arena& arena : arenas_of(look)) {
    std::sort(arena.pieces.begin(), arena.pieces.end(), [](auto* a, auto* b) { return a->start < b->start; });
    SquareGroup group{
        fmt::format("{}: {} resident, {} live", arena.name, show_bytes({arena.resident}), show_bytes({arena.live})),
        {}};
    for (const HeapPiece* piece : arena.pieces)
      for (std::size_t at = 0; at < piece->pages.size(); at += pages_a_square)
        group.squares.push_back(
            kind_of(*piece, at, std::min<std::size_t>(pages_a_square, piece->pages.size() - at), look.page_size));
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace neap
