#include <algorithm>
#include <bit>
#include <cstring>
#include <set>

#include "tool/fill/glibc_heap.h"

namespace neap::glibc {
namespace {

constexpr std::size_t bin_words = 254, binmap_words = 2;
constexpr std::size_t next_word = bin_words + binmap_words, attached_word = next_word + 2, system_word = next_word + 3;
constexpr std::uint64_t bins_offsets[] = {0x70, 0x68, 0x18};  // 2.27 to 2.42; 2.26; from 2.43, without fast bins
constexpr std::uint64_t most_data = 64 << 20;
constexpr std::size_t most_arenas = 1 << 16;
constexpr std::uint64_t user_space = std::uint64_t{1} << 57;

using Words = std::vector<std::uint64_t>;

bool is_pointer(std::uint64_t word) { return word >= 4096 && word < user_space; }

// A worker's malloc_state lies behind the heap_info at the start of its first heap.
bool may_be_worker(std::uint64_t state) {
  const std::uint64_t inside = state & ((std::uint64_t{2} << 20) - 1);
  return is_pointer(state) && inside >= 0x20 && inside <= 0x60 && inside % 16 == 0;
}

bool are_bins(const Words& words, std::size_t at, std::uint64_t address) {
  for (std::size_t i = 0; i < bin_words; i += 2) {
    const std::uint64_t forward = words[at + i], back = words[at + i + 1], self = address + i * 8 - 16;
    const bool is_empty = forward == self && back == self;
    if (!is_empty &&
        (!is_pointer(forward) || !is_pointer(back) || forward % 16 != 0 || back % 16 != 0 || forward == self))
      return false;
  }
  return true;
}

// The offset of the bins in malloc_state: with it the ring of arenas comes back to its start. 0 where none does this.
std::uint64_t offset_by_ring(AddressSpace& space, std::uint64_t next, std::uint64_t bins) {
  for (const std::uint64_t offset : bins_offsets) {
    std::uint64_t state = next;
    for (std::size_t steps = 0; steps < most_arenas; ++steps) {
      if (state == bins - offset) return offset;
      if (!may_be_worker(state) || !space.read_word(state + offset + next_word * 8, state)) break;
    }
  }
  return 0;
}

bool read_arena(AddressSpace& space, std::uint64_t state, std::uint64_t bins_offset, Arena& arena) {
  const std::uint64_t bins = state + bins_offset;
  arena.state = state;
  return space.read_word(state + 4, arena.flags) && space.read_word(bins - 16, arena.top) &&
         space.read_word(bins + next_word * 8, arena.next) &&
         space.read_word(bins + attached_word * 8, arena.attached) &&
         space.read_word(bins + system_word * 8, arena.system) && arena.top != 0;
}

void follow_ring(AddressSpace& space, std::uint64_t first, GlibcHeap& heap) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t state = first; seen.insert(state).second && seen.size() <= most_arenas;) {
    Arena arena;
    if (!read_arena(space, state, heap.bins_offset, arena)) return;
    heap.arenas.push_back(arena);
    state = arena.next;
  }
}

// The start of what sbrk has given. A core does not name that mapping: there it is one that begins within its first
// page.
bool begins_break(AddressSpace& space, std::uint64_t address, bool named) {
  const Mapping* mapping = space.mapping_of(address);
  if (mapping == nullptr || !mapping->is_private_data()) return false;
  if (named) return mapping->path == "[heap]";
  return mapping->is_anonymous() && address - mapping->start < space.page_size();
}

// malloc_par is recognized by its sbrk_base, and by plausible numbers around it.
bool take_parameters(AddressSpace& space, const Words& words, std::size_t at, bool named, GlibcHeap& heap) {
  const std::uint64_t base = words[at], bins = words[at + 1], longest = words[at + 2], count = words[at + 3];
  if (bins == 0 || bins > 128 || longest == 0 || longest > (8 << 20) || count > 65535) return false;
  if (words[at - 4] >> 32 > (1 << 24) || words[at - 2] > (std::uint64_t{1} << 46)) return false;
  const bool fits = base == 0 ? (words[at - 4] >> 32 == 65536 || (words[at - 4] & UINT32_MAX) == 65536)
                              : begins_break(space, base, named);
  if (!fits) return false;
  heap.sbrk_base = base;
  heap.mapped_bytes = words[at - 2];
  heap.tcache_bins = bins;
  heap.tcache_count = count;
  const std::uint64_t huge = words[at - 6];  // hp_pagesize from 2.35 on; before it a number of arenas
  if (std::has_single_bit(huge) && huge >= (64 << 10) && huge <= (1 << 30)) heap.worker_heap = 4 * huge;
  return true;
}

// 64 random bits: no pointer, no small number.
bool may_be_key(std::uint64_t word) {
  const std::uint64_t high = word >> 48;
  const int bits = std::popcount(word);
  return high != 0 && high != 0xffff && bits >= 16 && bits <= 48;
}

void take_keys(const Words& words, GlibcHeap& heap) {
  std::copy_if(words.begin(), words.end(), std::back_inserter(heap.tcache_keys), may_be_key);
  std::sort(heap.tcache_keys.begin(), heap.tcache_keys.end());
  heap.tcache_keys.erase(std::unique(heap.tcache_keys.begin(), heap.tcache_keys.end()), heap.tcache_keys.end());
}

bool is_data(const Mapping& mapping) { return mapping.is_private_data() && mapping.is_file(); }

bool is_libc(const Mapping& mapping) {
  const std::string name = mapping.path.substr(mapping.path.rfind('/') + 1);
  return name.starts_with("libc.so.6") || name.starts_with("libc-2.");
}

}  // namespace

bool find_arenas(AddressSpace& space, const Mapping& data, std::uint64_t end, GlibcHeap& heap) {
  const std::uint64_t size = end - data.start;
  if (size > most_data || size < (bin_words + 16) * 8) return false;
  Words words(size / 8);
  if (!space.read(data.start, words.data(), words.size() * 8)) return false;
  for (std::size_t at = 0; at + system_word < words.size(); ++at) {
    const std::uint64_t next = words[at + next_word], bins = data.start + at * 8;
    const std::uint64_t distance = bins - next;
    if (distance != bins_offsets[0] && distance != bins_offsets[1] && distance != bins_offsets[2] &&
        !may_be_worker(next))
      continue;
    if (!are_bins(words, at, bins)) continue;
    heap.bins_offset = offset_by_ring(space, next, bins);
    if (heap.bins_offset != 0) follow_ring(space, bins - heap.bins_offset, heap);
    if (!heap.arenas.empty()) break;
  }
  if (heap.arenas.empty()) return false;
  const auto& all = space.mappings();
  const bool named = std::any_of(all.begin(), all.end(), [](auto& mapping) { return mapping.path == "[heap]"; });
  for (std::size_t at = 6; at + 4 <= words.size(); ++at)
    if (take_parameters(space, words, at, named, heap)) break;
  take_keys(words, heap);
  heap.library = data.path;
  return true;
}

std::optional<GlibcHeap> find_glibc(AddressSpace& space) {
  const auto& all = space.mappings();
  for (const bool libc : {true, false})  // then the program itself, which may be static, and all else with data
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!is_data(all[i]) || is_libc(all[i]) != libc) continue;
      GlibcHeap heap;
      if (!find_arenas(space, all[i], space.end_of_data(all[i]), heap)) continue;
      find_extents(space, heap);
      find_mapped(space, heap);
      return heap;
    }
  return std::nullopt;
}

}  // namespace neap::glibc
