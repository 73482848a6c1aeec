#include "tool/fill/glibc_idle.h"

#include <algorithm>
#include <cstring>

namespace neap::glibc {
namespace {

constexpr std::size_t fast_bins = 10, cache_bins = 64;
constexpr std::uint64_t longest_list = 4 << 20;
constexpr std::size_t most_idle = 16 << 20;

}  // namespace

// tcache_perthread_struct before 2.33: the counts, of one byte each, of two from 2.30 on; then the heads of the lists.
struct IdleLists::CacheForm {
  std::uint64_t chunk_size, count_bytes;
};

IdleLists::IdleLists(AddressSpace& space, const GlibcHeap& heap, Idle& idle) : space_(space), heap_(heap), idle_(idle) {
  for (const Extent& extent : heap.extents) ranges_.emplace_back(extent.start, extent.end);
  std::sort(ranges_.begin(), ranges_.end());
}

bool IdleLists::lies_in_heap(std::uint64_t address) const {
  if (address % alignment != 0) return false;
  const auto next = std::upper_bound(ranges_.begin(), ranges_.end(), std::pair(address, UINT64_MAX));
  return next != ranges_.begin() && std::prev(next)->second > address;
}

// `first` is a link, at offset `link` of its chunk; what it holds leads to the next one's chunk at the same offset less
// `link` (fast bins) or to the link itself (caches). From 2.32 on it is mangled by its own address.
bool IdleLists::follow(std::uint64_t first, std::uint64_t most, std::uint64_t link, Kind kind) {
  bool any = false;
  const std::uint64_t inside = kind == Kind::fast ? 0 : header_bytes;
  for (std::uint64_t at = first, steps = 0; at != 0 && steps < most && idle_.by_address.size() < most_idle; ++steps) {
    const std::uint64_t chunk = at - inside;
    if (!lies_in_heap(chunk) || !idle_.by_address.emplace(chunk, kind).second) break;
    any = true;
    std::uint64_t next = 0;
    if (!space_.read_word(chunk + link, next)) break;
    const std::uint64_t plain = next ^ ((chunk + link) >> 12);
    at = plain == 0 ? 0 : lies_in_heap(plain) ? plain : lies_in_heap(next) ? next : 0;
  }
  return any;
}

void IdleLists::follow_fast_bins() {
  if (heap_.bins_offset < fast_bins * 8 + 24) return;  // fast bins are gone in 2.43
  for (const Arena& arena : heap_.arenas) {
    std::uint64_t lists[fast_bins] = {};
    if (!space_.read(arena.state + heap_.bins_offset - 16 - sizeof lists, lists, sizeof lists)) continue;
    for (const std::uint64_t first : lists) follow(first, longest_list, header_bytes, Kind::fast);
  }
}

bool IdleLists::follow_if_cache(std::uint64_t chunk, std::uint64_t size) {
  constexpr CacheForm forms[] = {{0x250, 1}, {0x290, 2}};
  const auto form = std::find_if(std::begin(forms), std::end(forms), [size](auto& f) { return f.chunk_size == size; });
  if (form == std::end(forms)) return false;
  std::uint8_t bytes[cache_bins * (2 + 8)];
  if (!space_.read(chunk + header_bytes, bytes, cache_bins * (form->count_bytes + 8))) return false;
  std::uint64_t counts[cache_bins] = {}, heads[cache_bins] = {};
  for (std::size_t i = 0; i < cache_bins; ++i) {
    std::memcpy(&counts[i], bytes + i * form->count_bytes, form->count_bytes);
    std::memcpy(&heads[i], bytes + cache_bins * form->count_bytes + i * 8, 8);
    const bool agrees = (counts[i] == 0) == (heads[i] == 0);
    if (!agrees || counts[i] > heap_.tcache_count || (heads[i] != 0 && !lies_in_heap(heads[i]))) return false;
  }
  bool any = false;
  for (std::size_t i = 0; i < cache_bins; ++i) any = follow(heads[i], counts[i], header_bytes, Kind::cached) || any;
  return any;
}

}  // namespace neap::glibc
