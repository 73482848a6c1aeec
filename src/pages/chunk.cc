#include "pages/chunk.h"

#include <bit>
#include <new>

#include "os/guarded.h"

namespace neap {
namespace {

// How many free blocks take_back looks at.
constexpr int kMaxLooksBack = 64;

constexpr std::size_t kBitmapBytes = Bitmaps::store_bytes(1);

// How many blocks one commit adds at least, as it costs a system call: few in a small heap, an eighth of a large one,
// and never many, because a process that locks its memory pays for every committed page at once.
constexpr std::size_t kMinStep = (std::size_t{256} << 10) / kBlockSize;
constexpr std::size_t kMaxStep = (std::size_t{16} << 20) / kBlockSize;

// The same for bitmaps, counted in blocks: 64 KiB of them.
constexpr std::size_t kMinBitmaps = 64;

// How many places are passed over because they lie in slots of other chunks.
constexpr int kMaxPlaces = 64;

// Descriptors are laid out for whole slots of the page map. The map may be asked for any address of a slot, and a block
// that does not exist has to read as a free one, which is zeros.
std::size_t described_blocks(std::uintptr_t base, std::size_t count) {
  return round_up(base / kBlockSize % kBlocksPerSlot + count, kBlocksPerSlot);
}
std::size_t described_bytes(std::uintptr_t base, std::size_t count) {
  return described_blocks(base, count) * sizeof(Block) + round_up(count * kBitmapBytes, os::page_size);
}

// The chunk itself, and what it knows of all its blocks.
struct Header {
  std::size_t fits[Chunk::kFitLevels], bytes;
  Header(std::size_t count, bool is_counted) {
    const std::size_t words =
        FreeRuns::words(count) + (is_counted ? 5 : 3) * bits::words_for(count) + Bitmaps::used_words(count);
    bytes = sizeof(Chunk) + words * sizeof(bits::Word);
    for (std::size_t& level : fits) {
      count = round_up(count, Chunk::kFitFan);
      bytes += level = count;
      count /= Chunk::kFitFan;
    }
    bytes = round_up(bytes, os::page_size);
  }
};

void* reserve_committed(std::size_t size) {
  void* p = os::reserve_guarded(size);
  if (p == nullptr || os::commit(p, size)) return p;
  os::unreserve_guarded(p, size);
  return nullptr;
}

bool slots_are_free(const PageMap& map, std::uintptr_t begin, std::uintptr_t end) {
  for (std::uintptr_t at = begin / kSlotSize * kSlotSize; at < end; at += kSlotSize) {
    if (map.chunk(at) != nullptr) return false;
  }
  return true;
}

// A place for `size` bytes at a multiple of `align`, in slots that are nobody's. Null when there is none to be had.
void* find_place(std::size_t size, std::size_t align, const PageMap& map) {
  const std::size_t offset = align < kSlotSize ? os::random() % kBlocksPerSlot * kBlockSize & ~(align - 1) : 0;
  std::uintptr_t passed_over = 0;
  for (int tries = 0; tries < kMaxPlaces; ++tries) {
    void* place = os::reserve(size, align < kSlotSize ? kSlotSize : align, offset, passed_over);
    if (place == nullptr) return nullptr;
    const std::uintptr_t begin = address_of(place);
    if (begin + size <= kSlots * kSlotSize && slots_are_free(map, begin, begin + size)) return place;
    os::unreserve(place, size);
    passed_over = begin;
  }
  return nullptr;
}

// The same for `size` bytes, or for fewer down to `least` where that is refused. `size` becomes what was reserved.
void* find_place_between(std::size_t least, std::size_t& size, std::size_t align, const PageMap& map) {
  for (;;) {
    if (void* place = find_place(size, align, map)) return place;
    if (size == least) return nullptr;
    const std::size_t half = round_up(size / 2, kBlockSize);
    size = half < least ? least : half;
  }
}

bool is_granted(void* place, Chunk::Ask ask) {
  if (ask.bytes == 0) return true;
  return os::commit(place, ask.bytes) && (!ask.goes_back || os::decommit(place, ask.bytes));
}

// By how many blocks a commit goes beyond what is committed already.
std::size_t step_above(std::size_t committed, std::size_t least, std::size_t most) {
  const std::size_t eighth = committed / 8;
  return eighth < least ? least : eighth > most ? most : eighth;
}

bool commit_between(void* from, void* to) {
  const std::uintptr_t begin = round_up(address_of(from), os::page_size), end = round_up(address_of(to), os::page_size);
  return begin >= end || os::commit(pointer_to(begin), end - begin);
}

}  // namespace

Chunk* Chunk::create(std::size_t least, std::size_t wish, PageMap& map, Accounts& accounts, std::size_t align, Ask ask,
                     Protection protection) {
  std::size_t size = wish < least ? least : wish;
  void* place = find_place_between(least, size, align, map);
  if (place == nullptr) return nullptr;
  if (!is_granted(place, ask)) {
    os::unreserve(place, size);
    return nullptr;
  }
  const std::size_t count = size / kBlockSize;
  const bool is_counted = protection.mappings != nullptr;
  const Header header(count, is_counted);
  void* memory = reserve_committed(header.bytes);
  if (memory == nullptr) {
    os::unreserve(place, size);
    return nullptr;
  }
  Chunk* chunk = new (memory) Chunk;
  chunk->count_ = count;
  chunk->runs_words_ = reinterpret_cast<bits::Word*>(chunk + 1);
  chunk->sparse_ = chunk->runs_words_ + FreeRuns::words(count);
  chunk->dirty_ = chunk->sparse_ + bits::words_for(count);
  chunk->closed_ = chunk->dirty_ + bits::words_for(count);
  chunk->seams_ = chunk->closed_ + bits::words_for(count);
  chunk->inherited_ = chunk->seams_ + bits::words_for(count);
  chunk->bitmaps_used_ = is_counted ? chunk->inherited_ + bits::words_for(count) : chunk->seams_;
  std::uint8_t* fits = reinterpret_cast<std::uint8_t*>(chunk->bitmaps_used_ + Bitmaps::used_words(count));
  for (int level = 0; level < kFitLevels; fits += header.fits[level++]) chunk->fits_[level] = fits;
  chunk->runs_.open(chunk->runs_words_, count);
  chunk->mappings_ = protection.mappings;
  chunk->spacing_ = protection.spacing;
  chunk->lay_guards();
  accounts.metadata_bytes.add(header.bytes);
  if (chunk->move_to(static_cast<char*>(place), map, accounts)) return chunk;
  accounts.metadata_bytes.subtract(header.bytes);
  os::unreserve_guarded(memory, header.bytes);
  return nullptr;
}

void Chunk::destroy(Chunk* chunk, PageMap& map, Accounts& accounts) {
  if (!chunk->is_vacant()) chunk->vacate(map, accounts);
  const Header header(chunk->count_, chunk->mappings_ != nullptr);
  accounts.metadata_bytes.subtract(header.bytes);
  os::unreserve_guarded(chunk, header.bytes);
}

// Gives the chunk its address space and descriptors, or gives `place` back and says false.
bool Chunk::move_to(char* place, PageMap& map, Accounts& accounts) {
  const std::size_t described = described_blocks(address_of(place), count_) * sizeof(Block);
  const std::size_t bytes = described_bytes(address_of(place), count_);
  char* descriptors = static_cast<char*>(os::reserve_guarded(bytes));
  if (descriptors == nullptr || !os::make_readable(descriptors, described) ||
      !map.cover(address_of(place), count_ * kBlockSize)) {
    if (descriptors != nullptr) os::unreserve_guarded(descriptors, bytes);
    os::unreserve(place, count_ * kBlockSize);
    return false;
  }
  base_ = place;
  described_ = descriptors;
  blocks_ = reinterpret_cast<Block*>(descriptors) + address_of(place) / kBlockSize % kBlocksPerSlot;
  bitmaps_ = Bitmaps();
  bitmaps_.open(descriptors + described, bitmaps_used_);
  committed_.store(0, std::memory_order_relaxed);
  bitmap_capacity_ = first_dirty_ = 0;
  publish(map, this);
  accounts.reserved_bytes.add(count_ * kBlockSize);
  return true;
}

// Tells the map that the chunk's slots are its own, or (null) nobody's.
void Chunk::publish(PageMap& map, Chunk* owner) {
  Block* block = reinterpret_cast<Block*>(described_);
  const std::uintptr_t end = address_of(base_) + count_ * kBlockSize;
  for (std::uintptr_t at = address_of(base_) / kSlotSize * kSlotSize; at < end; at += kSlotSize) {
    map.publish(at, owner == nullptr ? nullptr : block, owner);
    block += kBlocksPerSlot;
  }
}

// Commits the blocks below `count`, and their descriptors. (The first descriptor can lie inside a page.)
bool Chunk::make_usable(std::size_t count) {
  const std::size_t from = committed();
  char* const first =
      from == 0 ? pointer_to(address_of(blocks_) & ~(os::page_size - 1)) : reinterpret_cast<char*>(blocks_ + from);
  if (!commit_between(first, blocks_ + count)) return false;
  if (spacing_ == kUnguarded) return commit_between(address_of_block(from), address_of_block(count));
  close(from, count - from);
  return true;
}

// Makes the blocks below `count` usable, and some more ahead of need.
bool Chunk::commit(std::size_t count, Accounts& accounts) {
  if (count <= committed()) return true;
  if (count > count_) return false;
  const std::size_t ahead = committed() + step_above(committed(), kMinStep, kMaxStep);
  std::size_t to = ahead > count ? ahead : count;
  if (to > count_) to = count_;
  if (!make_usable(to)) {
    to = count;  // near a limit only what is needed may be granted
    if (!make_usable(to)) return false;
  }
  accounts.committed_bytes.add((to - committed()) * kBlockSize);
  accounts.metadata_bytes.add((to - committed()) * sizeof(Block));
  const std::size_t from = committed();
  committed_.store(to, std::memory_order_relaxed);
  if (spacing_ == kUnguarded) count_opened(from, to);
  return true;
}

void Chunk::prepare(std::size_t index) {
  Block& block = blocks_[index];
  block.id = block_id_of(address_of_block(index));
  block.rank = first_rank_ + static_cast<std::uint32_t>(index);
}

// Bitmaps take the lowest place that is free, so the bitmaps of n blocks never need more than the space of n
// (pages/bitmaps.h).
bool Chunk::commit_next_bitmap(Accounts& accounts) {
  if (equipped_ < bitmap_capacity_) return true;
  std::size_t to = equipped_ + step_above(equipped_, kMinBitmaps, kMaxStep);
  if (to > count_) to = count_;
  char* const store = described_ + described_blocks(address_of(base_), count_) * sizeof(Block);
  if (!commit_between(store + bitmap_capacity_ * kBitmapBytes, store + to * kBitmapBytes)) return false;
  accounts.metadata_bytes.add((to - bitmap_capacity_) * kBitmapBytes);
  bitmap_capacity_ = to;
  return true;
}

bool Chunk::equip(Block& block, std::size_t bits, Accounts& accounts) {
  if (!commit_next_bitmap(accounts)) return false;
  ++equipped_;
  const std::size_t lines = bits <= kFewObjects ? 0 : Bitmaps::lines_for(bits);
  bits::Word* const bitmap = lines == 0 ? block.few_bits : bitmaps_.take(lines);
  std::atomic_ref(block.free_bits).store(bitmap, std::memory_order_relaxed);  // a free may be fetching it
  block.bitmap_lines = static_cast<std::uint8_t>(lines);
  return true;
}

void Chunk::strip(Block& block) {
  --equipped_;
  if (block.bitmap_lines != 0) bitmaps_.give(block.free_bits, block.bitmap_lines);
  block.bitmap_lines = 0;
}

void Chunk::discard_unused_bitmaps() {
  const Bitmaps::Unused unused = is_vacant() ? Bitmaps::Unused{} : bitmaps_.forget_unused();
  if (unused.bytes != 0) os::discard(unused.begin, unused.bytes);
}

Chunk::Taken Chunk::take(std::size_t count, std::size_t align, std::size_t commit_count, Accounts& accounts) {
  if (is_vacant()) return {};
  const std::size_t index = runs_.find(count, align, address_of(base_) / kBlockSize);
  if (index == count_) return {};
  Block* const block = take_from(index, count, commit_count, accounts);
  return {block, block == nullptr};
}

Block* Chunk::take_from(std::size_t first, std::size_t count, std::size_t commit_count, Accounts& accounts) {
  if (!make_usable(first, commit_count, accounts)) return nullptr;
  runs_.take(first, count);
  prepare(first);
  return blocks_ + first;
}

// (No block that was never committed is dirty.)
bool Chunk::has_better(DirtyFit& fit) {
  if (is_vacant()) return false;
  first_dirty_ = bits::find(dirty_, first_dirty_, committed(), true);
  return fit.look_at(runs_, dirty_, first_dirty_, committed());
}

Block* Chunk::take_back(std::uint8_t owner, Accounts& accounts) {
  if (is_vacant()) return nullptr;
  const std::size_t end = committed();
  std::size_t i = first_dirty_ = bits::find(dirty_, first_dirty_, end, true);
  for (int looks = 0; looks < kMaxLooksBack && i < end; ++looks, i = bits::find(dirty_, i + 1, end, true)) {
    if (blocks_[i].owner.load(std::memory_order_relaxed) == owner) return take_from(i, 1, 1, accounts);
  }
  return nullptr;
}

bool Chunk::take_at(std::size_t first, std::size_t count) {
  if (!runs_.are_free(first, count)) return false;
  runs_.take(first, count);
  return true;
}

bool Chunk::take_at_and_commit(std::size_t first, std::size_t count, Accounts& accounts) {
  if (!runs_.are_free(first, count) || !make_usable(first, count, accounts)) return false;
  runs_.take(first, count);
  return true;
}

void Chunk::note_dirty(std::size_t index) {
  bits::set(dirty_, index);
  if (index < first_dirty_) first_dirty_ = index;
}

void Chunk::mark_sparse(std::size_t index) {
  std::atomic_ref<bits::Word> word(sparse_[index / bits::kWordBits]);
  word.fetch_or(bits::Word{1} << index % bits::kWordBits, std::memory_order_relaxed);
}

void Chunk::unmark_sparse(std::size_t index) {
  std::atomic_ref<bits::Word> word(sparse_[index / bits::kWordBits]);
  word.fetch_and(~(bits::Word{1} << index % bits::kWordBits), std::memory_order_relaxed);
}

std::size_t Chunk::first_sparse() const {
  for (std::size_t w = 0; w * bits::kWordBits < count_; ++w) {
    const bits::Word marks = std::atomic_ref<bits::Word>(sparse_[w]).load(std::memory_order_relaxed);
    if (marks != 0) return w * bits::kWordBits + static_cast<std::size_t>(std::countr_zero(marks));
  }
  return count_;
}

void Chunk::vacate(PageMap& map, Accounts& accounts) {
  std::uint64_t dirty = 0;
  each_dirty(0, count_, [&](const Block& block) { dirty += count_pages(block.dirty); });
  bits::clear_range(closed_, 0, count_);
  any_closed_ = false;
  forget_mappings();
  publish(map, nullptr);
  os::unreserve(base_, count_ * kBlockSize);
  os::unreserve_guarded(described_, described_bytes(address_of(base_), count_));
  accounts.marked_pages.subtract(dirty);
  accounts.resident_pages.subtract(dirty);
  accounts.returned_pages.add(dirty);
  accounts.committed_bytes.subtract(committed() * kBlockSize);
  accounts.metadata_bytes.subtract(committed() * sizeof(Block) + bitmap_capacity_ * kBitmapBytes);
  accounts.reserved_bytes.subtract(count_ * kBlockSize);
  committed_.store(0, std::memory_order_relaxed);
  base_ = nullptr;
}

bool Chunk::revive(PageMap& map, Accounts& accounts) {
  void* place = find_place(count_ * kBlockSize, kBlockSize, map);
  return place != nullptr && move_to(static_cast<char*>(place), map, accounts);
}

}  // namespace neap
