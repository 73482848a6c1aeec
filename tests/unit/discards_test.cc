// Pages of many blocks go back by one call, where the system can; what it refuses of them goes one by one.
#include "pages/discards.h"

#include <gtest/gtest.h>

#include <vector>

#include "rig.h"

namespace neap {
namespace {

using fake_os::Call;

class DiscardsTest : public KeepingRigTest {
 protected:
  // Leaves `runs` dirty runs of a block each, no two of which are neighbours.
  std::vector<void*> leave_dirty(std::size_t runs) {
    const std::vector<void*> all = make(nullptr, 2 * runs, 10 * kPageSize);
    for (std::size_t i = 0; i < all.size(); i += 2) rig_.free(nullptr, all[i]);
    return all;
  }
};

TEST_F(DiscardsTest, WhereTheSystemCanACallTakesThePagesOfManyBlocks) {
  fake_os::know_together();
  const std::vector<void*> small = make(nullptr, 2, 100);
  leave_dirty(12);
  rig_.keep_no_dirty_pages();
  rig_.free(nullptr, small[0]);
  EXPECT_EQ(fake_os::calls(Call::discard_together), 1u);
  EXPECT_EQ(fake_os::discards().size(), 12u);
  EXPECT_EQ(rig_.sums().dirty_bytes, 0u);
  EXPECT_EQ(rig_.board.return_calls, 1u);
  rig_.expect_in_order();
}

TEST_F(DiscardsTest, WhatIsRefusedAmongOthersStaysDirtyAndGoesLater) {
  fake_os::know_together();
  const std::vector<void*> small = make(nullptr, 2000, 100);
  leave_dirty(12);
  rig_.keep_no_dirty_pages();
  fake_os::refuse(Call::discard, 4, 2);  // the fifth, when it goes with the others and when it goes alone
  rig_.free(nullptr, small[0]);
  EXPECT_EQ(fake_os::discards().size(), 11u);
  EXPECT_EQ(rig_.sums().dirty_bytes, kBlockSize);
  rig_.expect_in_order();
  for (std::size_t i = 1; i < small.size(); ++i) rig_.free(nullptr, small[i]);
  EXPECT_EQ(rig_.sums().dirty_bytes, 0u);
  rig_.expect_in_order();
}

TEST_F(DiscardsTest, ASystemThatRefusesTheCallTakesThemOneByOne) {
  fake_os::know_together();
  fake_os::refuse(Call::discard_together);
  const std::vector<void*> small = make(nullptr, 2, 100);
  leave_dirty(12);
  rig_.keep_no_dirty_pages();
  rig_.free(nullptr, small[0]);
  EXPECT_EQ(fake_os::discards().size(), 12u);
  EXPECT_EQ(rig_.sums().dirty_bytes, 0u);
  rig_.expect_in_order();
}

// Far above the limit a call makes two calls of the system, of 16 blocks each.
TEST_F(DiscardsTest, ACallTakesABoundedNumberOfBlocks) {
  fake_os::know_together();
  leave_dirty(60);
  rig_.keep_no_dirty_pages();
  rig_.heap.release_due();
  EXPECT_EQ(fake_os::calls(Call::discard_together), 2u);
  EXPECT_EQ(fake_os::discards().size(), 32u);
  rig_.expect_in_order();
}

}  // namespace
}  // namespace neap
