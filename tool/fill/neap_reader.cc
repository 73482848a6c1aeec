#include "tool/fill/neap_reader.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "format/heap_layout.h"
#include "tool/fill/field.h"
#include "tool/fill/layout_model.h"
#include "tool/fill/piece_builder.h"

namespace neap {
namespace {

constexpr std::uint64_t user_space = std::uint64_t{1} << 57;
constexpr std::uint64_t most_pages = std::uint64_t{1} << 26;  // of all chunks together
constexpr std::size_t most_bits = 8192;
constexpr std::size_t batch = 1024;  // descriptors read at once

using Octets = std::vector<std::uint8_t>;

bool within(std::uint64_t value, std::uint64_t least, std::uint64_t most) { return value >= least && value <= most; }

// The table says where to look inside of structures of the sizes it gives: nothing may lead out of them.
bool is_sane(const HeapLayout& of) {
  const auto fits = [](std::uint32_t offset, std::uint32_t bytes, std::uint32_t whole) {
    return offset + bytes <= whole && offset < whole;
  };
  return of.magic == kHeapLayoutMagic && of.version == kHeapLayoutVersion && of.size >= sizeof(HeapLayout) &&
         within(of.slot_count, 1, 1 << 20) && within(of.slot_shift, 20, 40) && within(of.slot_bytes, 8, 64) &&
         fits(of.slot_chunk, 8, of.slot_bytes) && within(of.chunk_bytes, 40, 1 << 20) &&
         fits(of.chunk_base, 8, of.chunk_bytes) && fits(of.chunk_blocks, 8, of.chunk_bytes) &&
         fits(of.chunk_used, 8, of.chunk_bytes) && fits(of.chunk_count, 8, of.chunk_bytes) &&
         fits(of.chunk_committed, 8, of.chunk_bytes) && within(of.block_shift, 12, 24) &&
         within(of.block_bytes, 32, 4096) && fits(of.block_kind, 1, of.block_bytes) &&
         fits(of.block_class, 1, of.block_bytes) && fits(of.block_free_bits, 8, of.block_bytes) &&
         fits(of.block_begin_bits, 8, of.block_bytes) && fits(of.block_aside, 2, of.block_bytes) &&
         fits(of.block_large_pages, 8, of.block_bytes) && fits(of.block_large_blocks, 4, of.block_bytes) &&
         of.page_shift >= 12 && of.page_shift <= of.block_shift && of.granule_shift >= 3 &&
         of.granule_shift < of.block_shift && (std::uint64_t{1} << (of.block_shift - of.granule_shift)) <= most_bits &&
         within(of.class_count, 1, 256) && within(of.class_bytes, 6, 256) && fits(of.class_size, 4, of.class_bytes) &&
         fits(of.class_capacity, 2, of.class_bytes);
}

class NeapReading {
 public:
  NeapReading(AddressSpace& space, const HeapLayout& layout, HeapFill& fill)
      : space_(space), of_(layout), fill_(fill) {}

  bool read() {
    std::uint64_t table = 0;
    classes_.resize(std::size_t{of_.class_count} * of_.class_bytes);
    if (!space_.read(reinterpret_cast<std::uint64_t>(of_.classes), classes_.data(), classes_.size())) return false;
    if (!space_.read_word(reinterpret_cast<std::uint64_t>(of_.page_map_at), table)) return false;
    if (table == 0) return true;
    Octets slots(std::size_t{of_.slot_count} * of_.slot_bytes);
    if (!space_.read(table, slots.data(), slots.size())) return false;
    std::set<std::uint64_t> seen;
    for (std::uint32_t slot = 0; slot < of_.slot_count; ++slot) {
      const auto chunk = field<std::uint64_t>(&slots[std::size_t{slot} * of_.slot_bytes], of_.slot_chunk);
      if (chunk != 0 && seen.insert(chunk).second) read_chunk(chunk);
    }
    return true;
  }

 private:
  struct Chunk {
    std::uint64_t base = 0, blocks = 0, used = 0, count = 0, committed = 0;
  };

  void read_chunk(std::uint64_t address) {
    Octets bytes(of_.chunk_bytes);
    if (!space_.read(address, bytes.data(), bytes.size())) return lose(0);
    const auto word = [&](std::uint32_t offset) { return field<std::uint64_t>(bytes.data(), offset); };
    const Chunk chunk{word(of_.chunk_base), word(of_.chunk_blocks), word(of_.chunk_used), word(of_.chunk_count),
                      word(of_.chunk_committed)};
    if (chunk.base == 0 || chunk.committed == 0) return;
    const std::uint64_t block = std::uint64_t{1} << of_.block_shift;
    const bool sane = chunk.committed <= chunk.count && chunk.count < user_space / block && chunk.base % block == 0 &&
                      chunk.base < user_space && space_.mapping_of(chunk.base) != nullptr;
    const std::uint64_t pages = chunk.committed * block / space_.page_size();
    if (!sane || pages_ + pages > most_pages) return lose(sane ? chunk.committed * block : 0);
    pages_ += pages;
    PieceBuilder piece(space_, chunk.base, chunk.base + chunk.committed * block);
    read_blocks(chunk, piece);
    fill_.arenas[0].resident += piece.resident();
    fill_.pieces.push_back(piece.take());
  }

  void read_blocks(const Chunk& chunk, PieceBuilder& piece) {
    std::vector<std::uint64_t> used((chunk.committed + 63) / 64);
    if (!space_.read(chunk.used, used.data(), used.size() * 8)) return lose(chunk.committed << of_.block_shift);
    Octets descriptors;
    for (std::uint64_t i = 0, first = 0, held = 0; i < chunk.committed;) {
      if (i >= first + held) {
        first = i;
        held = std::min<std::uint64_t>(batch, chunk.committed - i);
        descriptors.resize(held * of_.block_bytes);
        if (!space_.read(chunk.blocks + first * of_.block_bytes, descriptors.data(), descriptors.size()))
          return lose((chunk.committed - i) << of_.block_shift);
      }
      if ((used[i / 64] >> i % 64 & 1) == 0) {
        ++i;
        continue;
      }
      const Block block{&descriptors[(i - first) * of_.block_bytes], chunk.blocks + i * of_.block_bytes,
                        chunk.base + (i << of_.block_shift)};
      i += read_block(block, piece);
    }
  }

  struct Block {
    const std::uint8_t* bytes;
    std::uint64_t described_at, address;
  };

  // Returns how many blocks it stands for.
  std::uint64_t read_block(const Block& block, PieceBuilder& piece) {
    const std::uint32_t kind = block.bytes[of_.block_kind];
    const auto blocks = std::max<std::uint64_t>(1, field<std::uint32_t>(block.bytes, of_.block_large_blocks));
    if (kind == of_.kind_slab) return read_slab(block, piece), 1;
    if (kind == of_.kind_mixed) return read_mixed(block, piece), 1;
    if (kind == of_.kind_spare) return blocks;
    if (kind != of_.kind_large) return 1;  // about to become one of them
    const std::uint64_t pages = field<std::uint64_t>(block.bytes, of_.block_large_pages);
    const std::uint64_t size = std::min(pages, blocks << (of_.block_shift - of_.page_shift)) << of_.page_shift;
    add(piece, block.address, size);
    fill_.mapped.add(size);
    return blocks;
  }

  // The bits of a bitmap that a field of the descriptor points to, perhaps inside of the descriptor itself.
  bool read_bits(const Block& block, std::uint32_t pointer, std::size_t count, std::vector<std::uint64_t>& words) {
    const auto at = field<std::uint64_t>(block.bytes, pointer);
    words.resize((count + 63) / 64);
    const std::uint64_t inside = at - block.described_at;
    if (inside < of_.block_bytes && words.size() * 8 <= of_.block_bytes - inside) {
      std::memcpy(words.data(), block.bytes + inside, words.size() * 8);
      return true;
    }
    return space_.read(at, words.data(), words.size() * 8);
  }

  // True where the object touches a page that is out for release: nothing lives there, whatever the bits say.
  bool is_aside(std::uint16_t aside, std::uint64_t offset, std::uint64_t size) const {
    for (std::uint64_t page = offset >> of_.page_shift; aside != 0 && page <= (offset + size - 1) >> of_.page_shift;
         ++page)
      if (page < 16 && (aside >> page & 1) != 0) return true;
    return false;
  }

  void read_slab(const Block& block, PieceBuilder& piece) {
    const std::uint32_t index = block.bytes[of_.block_class];
    if (index >= of_.class_count) return lose(std::uint64_t{1} << of_.block_shift);
    const std::uint8_t* row = &classes_[std::size_t{index} * of_.class_bytes];
    const std::uint64_t size = field<std::uint32_t>(row, of_.class_size),
                        capacity = field<std::uint16_t>(row, of_.class_capacity);
    if (size == 0 || capacity > most_bits || size * capacity > std::uint64_t{1} << of_.block_shift ||
        !read_bits(block, of_.block_free_bits, capacity, free_))
      return lose(std::uint64_t{1} << of_.block_shift);
    const auto aside = field<std::uint16_t>(block.bytes, of_.block_aside);
    for (std::uint64_t i = 0; i < capacity; ++i) {
      const bool free = (free_[i / 64] >> i % 64 & 1) != 0 || is_aside(aside, i * size, size);
      free ? add_free(size) : add(piece, block.address + i * size, size);
    }
  }

  void read_mixed(const Block& block, PieceBuilder& piece) {
    const std::size_t granules = std::size_t{1} << (of_.block_shift - of_.granule_shift);
    if (!read_bits(block, of_.block_free_bits, granules, free_) ||
        !read_bits(block, of_.block_begin_bits, granules, begin_))
      return lose(std::uint64_t{1} << of_.block_shift);
    const auto aside = field<std::uint16_t>(block.bytes, of_.block_aside);
    const auto bit = [](const std::vector<std::uint64_t>& words, std::size_t i) {
      return (words[i / 64] >> i % 64 & 1) != 0;
    };
    for (std::size_t i = 0; i < granules;) {
      const bool free = bit(free_, i);
      std::size_t end = i + 1;
      while (end < granules && bit(free_, end) == free && (free || !bit(begin_, end))) ++end;
      const std::uint64_t offset = i << of_.granule_shift, size = (end - i) << of_.granule_shift;
      free || is_aside(aside, offset, size) ? add_free(size) : add(piece, block.address + offset, size);
      i = end;
    }
  }

  void add(PieceBuilder& piece, std::uint64_t address, std::uint64_t size) {
    piece.add_live(address, size);
    model_.add(address, size);
    fill_.live.add(size);
    fill_.arenas[0].live.add(size);
    fill_.by_size[size_row(size)].live.add(size);
  }
  void add_free(std::uint64_t size) {
    fill_.free.add(size);
    fill_.arenas[0].free.add(size);
    fill_.by_size[size_row(size)].free.add(size);
  }
  void lose(std::uint64_t bytes) {
    fill_.doubt.lost += bytes;
    ++fill_.doubt.resyncs;
  }

  AddressSpace& space_;
  const HeapLayout& of_;
  HeapFill& fill_;
  LayoutModel model_;
  Octets classes_;
  std::vector<std::uint64_t> free_, begin_;
  std::uint64_t pages_ = 0;
};

void without_layout(const neap_telemetry& told, HeapFill& fill) {
  fill.live = {told.large_objects, told.small_bytes + told.large_bytes};
  fill.arenas[0].live = fill.live;
  fill.arenas[0].resident = told.resident_bytes;
  fill.doubt.notes.push_back("this libneap does not tell where its objects lie: its own sums are shown, no pages");
}

}  // namespace

std::optional<HeapFill> read_neap(AddressSpace& space) {
  const auto telemetry = find_telemetry_in(space);
  if (!telemetry || telemetry->values.served == 0) return std::nullopt;
  const neap_telemetry& told = telemetry->values;
  HeapFill fill;
  fill.allocator = "libneap";
  fill.library = telemetry->library;
  fill.metadata = told.metadata_bytes;
  fill.system = told.committed_bytes;
  fill.arenas.push_back({"heap", {}, {}, {}, told.committed_bytes, 0});
  fill.trim = TrimForecast{told.dirty_bytes, 0};
  HeapLayout layout{};
  const auto at = reinterpret_cast<std::uint64_t>(told.layout);
  if (at == 0 || !space.read(at, &layout, sizeof layout) || !is_sane(layout) ||
      !NeapReading(space, layout, fill).read())
    without_layout(told, fill);
  return fill;
}

}  // namespace neap
