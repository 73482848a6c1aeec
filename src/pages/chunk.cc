#include "pages/chunk.h"

#include <bit>
#include <new>

#include "os/os.h"

namespace neap {
namespace {

constexpr std::size_t kBitmapBytes = Bitmaps::store_bytes(1);

// A commit costs one system call: small for a small heap, an eighth more of a large one, bounded because a locked
// process pays for every committed page at once.
constexpr std::size_t kLeastStep = (std::size_t{256} << 10) / kBlockSize;
constexpr std::size_t kMostStep = (std::size_t{16} << 20) / kBlockSize;

// Dirty blocks that a search for a run begins at, at most.
constexpr int kMostDirtyTries = 8;

std::size_t bitmap_bytes(std::size_t count) { return (count + 63) / 64 * sizeof(bits::Word); }

// Descriptors are laid out for whole slots: the page map may be asked for any address of a slot, and a block that does
// not exist must read as free, as zeros.
struct Layout {
  std::size_t fits[Chunk::kFitLevels], header, blocks, bitmaps;  // bytes; all but the first in whole system pages
  explicit Layout(std::size_t count)
      : blocks(round_up(count, kBlocksPerSlot) * sizeof(Block)),
        bitmaps(round_up(count * kBitmapBytes, os::page_size)) {
    header = sizeof(Chunk) + 3 * bitmap_bytes(count) + Bitmaps::used_words(count) * sizeof(bits::Word);
    for (std::size_t& level : fits) {
      count = round_up(count, Chunk::kFitFan);
      header += level = count;
      count /= Chunk::kFitFan;
    }
    header = round_up(header, os::page_size);
  }
  std::size_t all() const { return header + blocks + bitmaps; }
};

// Reserves `size` bytes, or down to `least` when that is refused; `size` tells how many it became.
void* reserve_between(std::size_t least, std::size_t& size) {
  for (;;) {
    if (void* p = os::reserve(size, kSlotSize)) return p;
    if (size == least) return nullptr;
    const std::size_t half = round_up(size / 2, kBlockSize);
    size = half < least ? least : half;
  }
}

}  // namespace

Chunk* Chunk::create(std::size_t least, std::size_t wish, PageMap& map, Accounts& accounts) {
  std::size_t size = wish < least ? least : wish;
  void* data = reserve_between(least, size);
  if (data == nullptr) return nullptr;
  const std::size_t count = size / kBlockSize;
  const Layout layout(count);
  char* metadata = static_cast<char*>(os::reserve(layout.all(), os::page_size));
  if (metadata == nullptr || !os::commit(metadata, layout.header) ||
      !os::make_readable(metadata + layout.header, layout.blocks) || !map.cover(address_of(data), size)) {
    if (metadata != nullptr) os::unreserve(metadata, layout.all());
    os::unreserve(data, size);
    return nullptr;
  }
  Chunk* chunk = new (metadata) Chunk;
  chunk->used_ = reinterpret_cast<bits::Word*>(chunk + 1);
  chunk->sparse_ = chunk->used_ + bitmap_bytes(count) / sizeof(bits::Word);
  chunk->dirty_ = chunk->sparse_ + bitmap_bytes(count) / sizeof(bits::Word);
  bits::Word* const bitmaps_used = chunk->dirty_ + bitmap_bytes(count) / sizeof(bits::Word);
  std::uint8_t* fits = reinterpret_cast<std::uint8_t*>(bitmaps_used + Bitmaps::used_words(count));
  for (int level = 0; level < kFitLevels; fits += layout.fits[level++]) chunk->fits_[level] = fits;
  chunk->base_ = static_cast<char*>(data);
  chunk->blocks_ = reinterpret_cast<Block*>(metadata + layout.header);
  chunk->bitmap_store_ = metadata + layout.header + layout.blocks;
  chunk->bitmaps_.open(chunk->bitmap_store_, bitmaps_used);
  chunk->count_ = count;
  chunk->committed_.store(0, std::memory_order_relaxed);
  chunk->first_free_ = chunk->first_dirty_ = 0;
  chunk->no_run_of_ = count + 1;
  chunk->publish(map, chunk);
  accounts.reserved_bytes.add(size);
  accounts.metadata_bytes.add(layout.header);
  return chunk;
}

// Tells the map that the chunk's slots are its own, or (null) nobody's.
void Chunk::publish(PageMap& map, Chunk* owner) {
  for (std::size_t i = 0; i < count_; i += kBlocksPerSlot) {
    map.publish(address_of(address_of_block(i)), owner == nullptr ? nullptr : blocks_ + i, owner);
  }
}

// The memory of the blocks below `count` and of their metadata.
bool Chunk::make_usable(std::size_t count) {
  const auto extend = [&](void* begin, std::size_t unit) {
    const std::size_t from = round_up(committed() * unit, os::page_size), end = round_up(count * unit, os::page_size);
    return from == end || os::commit(static_cast<char*>(begin) + from, end - from);
  };
  return extend(blocks_, sizeof(Block)) && extend(bitmap_store_, kBitmapBytes) && extend(base_, kBlockSize);
}

bool Chunk::commit(std::size_t count, Accounts& accounts) {
  if (count <= committed()) return true;
  if (count > count_) return false;
  std::size_t step = committed() / 8;
  step = step < kLeastStep ? kLeastStep : step > kMostStep ? kMostStep : step;
  std::size_t to = committed() + step > count ? committed() + step : count;
  if (to > count_) to = count_;
  if (!make_usable(to)) {
    to = count;  // near a limit only what is needed may be granted
    if (!make_usable(to)) return false;
  }
  accounts.committed_bytes.add((to - committed()) * kBlockSize);
  accounts.metadata_bytes.add((to - committed()) * (sizeof(Block) + kBitmapBytes));
  committed_.store(to, std::memory_order_relaxed);
  return true;
}

void Chunk::prepare(std::size_t index) {
  Block& block = blocks_[index];
  block.id = block_id_of(address_of_block(index));
  block.rank = first_rank_ + static_cast<std::uint32_t>(index);
}

void Chunk::equip(Block& block, std::size_t bits) {
  const std::size_t lines = bits <= kFewObjects ? 0 : Bitmaps::lines_for(bits);
  bits::Word* const bitmap = lines == 0 ? block.few_bits : bitmaps_.take(lines);
  std::atomic_ref(block.free_bits).store(bitmap, std::memory_order_relaxed);  // a free may be fetching it
  block.bitmap_lines = static_cast<std::uint8_t>(lines);
}

void Chunk::strip(Block& block) {
  if (block.bitmap_lines != 0) bitmaps_.give(block.free_bits, block.bitmap_lines);
  block.bitmap_lines = 0;
}

Chunk::Taken Chunk::take(std::size_t count, std::size_t align, std::size_t commit_count, Accounts& accounts) {
  if (vacant_ || count >= no_run_of_) return {};
  first_free_ = bits::find(used_, first_free_, count_, false);
  const bool any = count == 1 && align == 1;
  const std::size_t index = any ? first_free_ : bits::find_clear_run(used_, first_free_, count_, count, align);
  if (index == count_) {
    if (align == 1) no_run_of_ = count;
    return {};
  }
  if (!commit(index + commit_count, accounts)) return {nullptr, true};
  bits::set_range(used_, index, index + count);
  bits::clear_range(dirty_, index, index + count);
  prepare(index);
  return {blocks_ + index, false};
}

Block* Chunk::take_dirty(std::size_t count, std::size_t commit_count) {
  if (vacant_ || count >= no_run_of_) return nullptr;
  const std::size_t end = committed();  // no block above is dirty
  first_dirty_ = bits::find(dirty_, first_dirty_, end, true);
  std::size_t index = first_dirty_;
  for (int tries = 0; tries < kMostDirtyTries && index + commit_count <= end; ++tries) {
    if (take_at(index, count)) {
      prepare(index);
      return blocks_ + index;
    }
    index = bits::find(dirty_, index + 1, end, true);
  }
  return nullptr;
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
  for (std::size_t i = 0; i < committed(); ++i) {
    dirty += static_cast<std::uint64_t>(std::popcount(blocks_[i].dirty));
    blocks_[i].dirty = blocks_[i].resident = 0;
  }
  bits::clear_range(dirty_, 0, count_);
  publish(map, nullptr);
  os::unreserve(base_, count_ * kBlockSize);
  accounts.marked_pages.subtract(dirty);
  accounts.resident_pages.subtract(dirty);
  accounts.returned_pages.add(dirty);
  accounts.committed_bytes.subtract(committed() * kBlockSize);
  accounts.metadata_bytes.subtract(committed() * (sizeof(Block) + kBitmapBytes));
  accounts.reserved_bytes.subtract(count_ * kBlockSize);
  committed_.store(0, std::memory_order_relaxed);
  vacant_ = true;
}

bool Chunk::revive(PageMap& map, Accounts& accounts) {
  void* data = os::reserve(count_ * kBlockSize, kSlotSize);
  if (data == nullptr) return false;
  if (!map.cover(address_of(data), count_ * kBlockSize)) {
    os::unreserve(data, count_ * kBlockSize);
    return false;
  }
  base_ = static_cast<char*>(data);
  publish(map, this);
  accounts.reserved_bytes.add(count_ * kBlockSize);
  vacant_ = false;
  first_free_ = first_dirty_ = 0;
  no_run_of_ = count_ + 1;
  return true;
}

bool Chunk::take_at(std::size_t first, std::size_t count) {
  if (first + count > count_ || bits::find(used_, first, first + count, true) != first + count) return false;
  bits::set_range(used_, first, first + count);
  bits::clear_range(dirty_, first, first + count);
  return true;
}

void Chunk::give_back(std::size_t first, std::size_t count) {
  bits::clear_range(used_, first, first + count);
  if (first < first_free_) first_free_ = first;
  no_run_of_ = count_ + 1;
  const std::size_t end = first + count < committed() ? first + count : committed();
  for (std::size_t i = first; i < end; ++i) {
    if (blocks_[i].dirty == 0) continue;
    bits::set_range(dirty_, i, i + 1);
    if (i < first_dirty_) first_dirty_ = i;
  }
}

}  // namespace neap
