// Memory for caches and bins, a step at a time.
#include "caches/metadata.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "rig.h"

namespace neap {
namespace {

TEST(Metadata, PiecesAreZerosSideBySideUntilAStepIsUsedUp) {
  const Rig system;
  Metadata metadata;
  Accounts sums;
  char* const first = metadata.take(1024, sums);
  ASSERT_NE(first, nullptr);
  EXPECT_TRUE(std::all_of(first, first + 1024, [](char byte) { return byte == 0; }));
  const std::uint64_t step = sums.metadata_bytes.get();
  for (std::uint64_t taken = 1024; taken < step; taken += 1024) EXPECT_EQ(metadata.take(1024, sums), first + taken);
  EXPECT_EQ(sums.metadata_bytes.get(), step);
  EXPECT_NE(metadata.take(1024, sums), nullptr);
  EXPECT_EQ(sums.metadata_bytes.get(), 2 * step);
}

TEST(Metadata, WhereMemoryIsOutNothingStaysReserved) {
  const Rig system;
  Metadata metadata;
  Accounts sums;
  fake_os::refuse(fake_os::Call::commit);
  EXPECT_EQ(metadata.take(1024, sums), nullptr);
  EXPECT_TRUE(fake_os::reservations().empty());
  EXPECT_EQ(sums.metadata_bytes.get(), 0u);
}

}  // namespace
}  // namespace neap
