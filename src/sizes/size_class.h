// Size classes of objects up to 32 KiB, as constexpr data and two look-ups. No state.
//
// The classes are 8 bytes, then steps of 16 bytes to 256, then nine for each doubling to 32 KiB: its eighths, and 16/15
// of the power of two. That one is for objects of a power of two with a header in front, such as SQLite's pages of
// 4,096 + 272 bytes. A slab has 15 of them where it has 16 of the power, and nothing is left over
// (docs/decisions/001-size-classes.md has what other classes waste).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/units.h"

namespace neap {

enum class ClassIndex : std::uint8_t {};

inline constexpr std::size_t kClassCount = 80;
inline constexpr std::size_t kLargestSmall = 32 << 10;  // bytes; above it an object is large
inline constexpr std::size_t kLargestCached = 8 << 10;  // bytes; above it a thread caches nothing
inline constexpr std::size_t kLargestMixed = 8 << 10;   // bytes; above it objects lie in slabs alone

// A slab with less than this part of its objects live may be opened to other sizes.
inline constexpr std::uint32_t kSparsePercent = 67;

struct ClassRow {
  std::uint32_t size;         // bytes of one object
  std::uint32_t reciprocal;   // ceil(2^32 / size): offset / size and offset % size by one multiplication
  std::uint16_t capacity;     // objects in a slab
  std::uint16_t few_free;     // an eighth of the capacity: up to so many free ones a slab counts as nearly full
  std::uint16_t sparse_free;  // from so many free ones on a slab is sparse; never where mixed blocks take none
};

constexpr std::uint32_t make_size(std::size_t index) {
  if (index == 0) return 8;
  if (index <= 16) return static_cast<std::uint32_t>(index * 16);
  const std::size_t doubling = (index - 17) / 9, step = (index - 17) % 9;
  if (step == 0) return static_cast<std::uint32_t>((std::size_t{256} << doubling) * 16 / 15 / 16 * 16);
  return static_cast<std::uint32_t>((8 + step) << (doubling + 5));
}

inline constexpr std::array<std::uint16_t, kClassCount> kSizes = [] {
  std::array<std::uint16_t, kClassCount> sizes{};
  for (std::size_t i = 0; i < kClassCount; ++i) sizes[i] = static_cast<std::uint16_t>(make_size(i));
  return sizes;
}();

constexpr std::uint32_t class_size(std::size_t index) { return kSizes[index]; }

// Objects of 8 bytes are smaller than the granule of mixed blocks.
constexpr bool is_mixed_class(std::size_t index) { return index != 0 && class_size(index) <= kLargestMixed; }

constexpr ClassRow make_class(std::size_t index) {
  const std::uint32_t size = class_size(index);
  const std::uint32_t fit = kBlockSize / size;
  ClassRow row{};
  row.size = size;
  row.reciprocal = static_cast<std::uint32_t>(((std::uint64_t{1} << 32) + size - 1) / size);
  row.capacity = static_cast<std::uint16_t>(fit < kMaxObjects ? fit : kMaxObjects);
  row.few_free = static_cast<std::uint16_t>(row.capacity / 8);
  const std::uint32_t sparse = row.capacity - row.capacity * kSparsePercent / 100;
  row.sparse_free = static_cast<std::uint16_t>(is_mixed_class(index) ? sparse : row.capacity + 1u);
  return row;
}

inline constexpr std::array<ClassRow, kClassCount> kClasses = [] {
  std::array<ClassRow, kClassCount> rows{};
  for (std::size_t i = 0; i < kClassCount; ++i) rows[i] = make_class(i);
  return rows;
}();

constexpr const ClassRow& row_of(ClassIndex c) { return kClasses[static_cast<std::size_t>(c)]; }

// The class of a size in (256, 32 KiB].
constexpr std::size_t class_by_logarithm(std::size_t size) {
  const std::size_t last = size - 1;
  const std::size_t exponent = static_cast<std::size_t>(std::bit_width(last)) - 1, first = 17 + (exponent - 8) * 9;
  return size <= class_size(first) ? first : first + 1 + ((last >> (exponent - 3)) & 7);
}

// For sizes up to kLargestCached, by eighths: class of (size + 7) / 8.
inline constexpr std::array<std::uint8_t, kLargestCached / 8 + 1> kSmallTable = [] {
  std::array<std::uint8_t, kLargestCached / 8 + 1> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    const std::size_t size = i * 8;
    table[i] = static_cast<std::uint8_t>(size <= 8 ? 0 : size <= 256 ? (size + 15) / 16 : class_by_logarithm(size));
  }
  return table;
}();

inline constexpr std::size_t kCachedClasses = kSmallTable[kLargestCached / 8] + std::size_t{1};

// The class of a size of at most kLargestCached bytes.
constexpr ClassIndex cached_class_of(std::size_t size) { return static_cast<ClassIndex>(kSmallTable[(size + 7) / 8]); }

// The class of a size of at most kLargestSmall bytes.
constexpr ClassIndex class_of(std::size_t size) {
  return size <= kLargestCached ? cached_class_of(size) : static_cast<ClassIndex>(class_by_logarithm(size));
}

// Indexed by log2 of an alignment up to kLargestSmall, and by a class: the smallest class from there on whose objects
// all lie at multiples of the alignment in a slab. The last class's size is a multiple of every such alignment.
inline constexpr std::size_t kAlignments = std::bit_width(kLargestSmall);
inline constexpr std::array<std::array<std::uint8_t, kClassCount>, kAlignments> kAlignedTable = [] {
  std::array<std::array<std::uint8_t, kClassCount>, kAlignments> table{};
  for (std::size_t log = 0; log < kAlignments; ++log) {
    std::size_t next = kClassCount - 1;
    for (std::size_t c = kClassCount; c > 0; --c) {
      if (class_size(c - 1) % (1u << log) == 0) next = c - 1;
      table[log][c - 1] = static_cast<std::uint8_t>(next);
    }
  }
  return table;
}();

constexpr std::uint32_t index_in_slab(const ClassRow& row, std::uint32_t offset) {
  return static_cast<std::uint32_t>((std::uint64_t{offset} * row.reciprocal) >> 32);
}

// True when `offset` (below 64 KiB) is a multiple of the size whose reciprocal is given: r * reciprocal wraps below the
// reciprocal only for remainder 0 (D. Lemire et al., "Faster remainder by direct computation", 2019).
constexpr bool begins_object(std::uint32_t offset, std::uint32_t reciprocal) {
  return static_cast<std::uint32_t>(offset * reciprocal) < reciprocal;
}

static_assert(class_size(kClassCount - 1) == kLargestSmall);
static_assert(
    [] {
      for (std::size_t size = 1; size <= kLargestSmall; ++size) {
        const std::size_t c = static_cast<std::size_t>(class_of(size));
        if (class_size(c) < size || (c > 0 && class_size(c - 1) >= size)) return false;
      }
      return true;
    }(),
    "every size has the smallest class that holds it");

}  // namespace neap
