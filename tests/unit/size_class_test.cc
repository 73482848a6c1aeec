#include "sizes/size_class.h"

#include <gtest/gtest.h>

namespace neap {
namespace {

TEST(SizeClass, EverySizeHasTheSmallestClassThatHoldsIt) {
  EXPECT_EQ(static_cast<std::size_t>(class_of(0)), 0u);
  for (std::size_t size = 1; size <= kLargestSmall; ++size) {
    const std::size_t c = static_cast<std::size_t>(class_of(size));
    ASSERT_LT(c, kClassCount);
    ASSERT_GE(class_size(c), size);
    if (c > 0) {
      ASSERT_LT(class_size(c - 1), size);
    }
  }
}

TEST(SizeClass, CachedClassesAreThoseUpToTheLargestCached) {
  EXPECT_EQ(class_size(kCachedClasses - 1), kLargestCached);
  for (std::size_t size = 0; size <= kLargestCached; ++size) EXPECT_EQ(cached_class_of(size), class_of(size)) << size;
}

TEST(SizeClass, ObjectsOfSixteenAndMoreAreAlignedToSixteen) {
  for (std::size_t c = 1; c < kClassCount; ++c) EXPECT_EQ(class_size(c) % 16, 0u) << c;
}

TEST(SizeClass, RoundingWastesAtMostAnEighthAbove256Bytes) {
  for (std::size_t size = 257; size <= kLargestSmall; ++size) {
    ASSERT_LE((class_size(static_cast<std::size_t>(class_of(size))) - size) * 8, size) << size;
  }
}

// A page in SQLite's cache is 4,096 bytes of the file and 272 bytes of SQLite's own.
TEST(SizeClass, AHeaderOnAPowerOfTwoCostsOneObjectOfSixteen) {
  const auto capacity = [](std::size_t size) { return kClasses[static_cast<std::size_t>(class_of(size))].capacity; };
  for (std::size_t power = 256; power <= 4096; power *= 2) {
    EXPECT_EQ(capacity(power + power / 16) * 16, capacity(power) * 15) << power;
  }
  EXPECT_EQ(capacity(4096 + 272), 15);
}

TEST(SizeClass, CapacityFillsTheBlockOrTheBitmap) {
  for (const ClassRow& row : kClasses) {
    EXPECT_LE(row.size * row.capacity, kBlockSize);
    EXPECT_TRUE(row.capacity == kMaxObjects || row.size * (row.capacity + 1u) > kBlockSize) << row.size;
  }
}

TEST(SizeClass, IndexAndDivisibilityAreExactAtEveryOffset) {
  for (const ClassRow& row : kClasses) {
    for (std::uint32_t offset = 0; offset < kBlockSize; ++offset) {
      ASSERT_EQ(index_in_slab(row, offset), offset / row.size) << row.size << " at " << offset;
      ASSERT_EQ(begins_object(offset, row.reciprocal), offset % row.size == 0) << row.size << " at " << offset;
    }
  }
}

static_assert(!is_mixed_class(static_cast<std::size_t>(class_of(8))), "smaller than a granule");
static_assert(is_mixed_class(static_cast<std::size_t>(class_of(16))));
static_assert(is_mixed_class(static_cast<std::size_t>(class_of(kLargestMixed))));
static_assert(!is_mixed_class(static_cast<std::size_t>(class_of(kLargestMixed + 1))));

TEST(SizeClass, ASlabIsSparseWithAThirdFreeIfMixedBlocksTakeItsClass) {
  for (std::size_t c = 0; c < kClassCount; ++c) {
    const std::uint32_t capacity = kClasses[c].capacity, most_live = capacity - kClasses[c].sparse_free;
    if (is_mixed_class(c)) {
      EXPECT_EQ(most_live, capacity * kSparsePercent / 100) << c;
    } else {
      EXPECT_GT(kClasses[c].sparse_free, capacity) << c;
    }
  }
}

TEST(SizeClass, AnAlignmentHasTheSmallestClassOfItsMultiples) {
  for (std::size_t log = 0; log < kAlignments; ++log) {
    for (std::size_t c = 0; c < kClassCount; ++c) {
      std::size_t expected = c;
      while (class_size(expected) % (1u << log) != 0) ++expected;
      ASSERT_EQ(kAlignedTable[log][c], expected) << c << " at " << (1u << log);
    }
  }
}

}  // namespace
}  // namespace neap
