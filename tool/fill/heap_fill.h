// HeapFill: what a heap looks like page by page, whoever's heap it is. Readers (glibc_reader.h, neap_reader.h, ...)
// fill it; the verdict, the picture, the ranking and blame read it and know no allocator.
//
//   live    handed out to the program, rounded as the allocator rounds, header included
//   cached  freed, kept for one thread or one size: counts as taken in the allocator's own figures
//   free    can be handed out again
#pragma once
#include <array>
#include <bit>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tool/inspect/address_space.h"

namespace neap {

struct Amount {
  std::uint64_t count = 0, bytes = 0;
  void add(std::uint64_t size) { ++count, bytes += size; }
  void operator+=(const Amount& other) { count += other.count, bytes += other.bytes; }
};

struct PageFill {
  std::uint32_t live = 0;     // bytes of live objects in the page
  std::uint16_t objects = 0;  // that overlap it; 65535 stands for more
  std::uint8_t state = page_absent;
};

enum class PieceKind : std::uint8_t { small, mapped };  // mapped: one large object

// A stretch of the heap whose pages follow each other.
struct HeapPiece {
  std::uint64_t start = 0;  // a multiple of the page size
  std::uint32_t arena = 0;  // index in HeapFill::arenas
  PieceKind kind = PieceKind::small;
  std::vector<PageFill> pages;
};

struct ArenaFill {
  std::string name;
  Amount live, cached, free;
  std::uint64_t system = 0;  // bytes of address space that it has in use
  std::uint64_t resident = 0;
};

// By the size of the object: up to 32 bytes, 64, 128, ... and all that are larger.
struct SizeRow {
  std::uint64_t up_to = 0;
  Amount live, free;
};
inline constexpr std::size_t size_rows = 17;  // up to 2 MiB
constexpr std::size_t size_row(std::uint64_t size) {
  const auto row = static_cast<std::size_t>(std::bit_width((size == 0 ? 0 : size - 1) >> 5));
  return row < size_rows ? row : size_rows - 1;
}

// What the allocator's own trim would give back.
struct TrimForecast {
  std::uint64_t bytes = 0;
  std::uint64_t kept_tops = 0;  // resident tops of worker arenas, which glibc never trims
};

// How sure the reader is: what changed under its eyes, and what it could not find.
struct Doubt {
  std::uint64_t lost = 0;     // bytes of the heap that were passed over
  std::uint64_t unread = 0;   // the same, as what describes them is not in memory: swapped out, not in the core
  std::uint64_t resyncs = 0;  // times that happened
  std::uint64_t unfound = 0;  // bytes that the allocator says it has and no reader saw
  std::vector<std::string> notes;
};

struct HeapFill {
  std::string allocator;  // "glibc", "libneap", ...
  std::string library;    // the file it came from
  std::vector<ArenaFill> arenas;
  std::vector<HeapPiece> pieces;
  std::uint64_t head_bytes = 0;  // of each live object, the allocator's own, before it
  Amount live;                   // small and mapped
  Amount mapped;                 // of it: objects with a mapping of their own
  Amount cached, free;
  Amount fast;                 // of free: chunks that glibc keeps apart until they are joined
  std::uint64_t foreign = 0;   // inside of the pieces and not the allocator's
  std::uint64_t system = 0;    // address space in use, without mapped objects
  std::uint64_t metadata = 0;  // of the allocator itself
  std::array<SizeRow, size_rows> by_size{};
  std::optional<TrimForecast> trim;
  double elsewhere = 0;  // resident bytes that the same objects would take in another layout (forecast.h)
  Doubt doubt;
};

// Sums over the pages of all pieces, in bytes.
struct FillSums {
  std::uint64_t resident = 0, swapped = 0;
  std::uint64_t live_resident = 0;  // live bytes on resident pages
  std::uint64_t empty = 0;          // resident pages without a live byte
  std::uint64_t sparse = 0;         // free bytes on resident pages less than a quarter live
  std::uint64_t dense = 0;          // free bytes on the other resident pages
  std::uint64_t returned = 0;       // address space of pieces that is not resident
  std::uint64_t sparse_pages = 0, pages = 0;
  std::uint64_t waste() const { return empty + sparse + dense; }
};
inline constexpr std::uint64_t sparse_below = 4;  // a page is sparse with less than one part in so many live

FillSums sum_of(const HeapFill& fill, std::uint64_t page_size);

}  // namespace neap
