// What a hardened heap keeps out of reach: how many guards there are, and that held addresses come back when they are
// needed.
#include <gtest/gtest.h>

#include <vector>

#include "rig.h"

namespace neap {
namespace {

constexpr std::size_t kMax = 16384;                            // objects and slabs that have a guard
constexpr std::size_t kOneBlock = 40000, kTwoBlocks = 100000;  // bytes of large objects

class GuardsTest : public RigTest {
 protected:
  GuardsTest() {
    rig_.heap.options.guard_pages = 1;
    rig_.harden();
  }
  bool is_guarded(void* object) {
    const Block& first = rig_.block(object);
    return first.large.blocks > blocks_of(first.large.pages * kPageSize);
  }
  std::vector<void*> take_all_guards() {
    const std::vector<void*> objects = make(nullptr, kMax, kOneBlock);
    EXPECT_TRUE(is_guarded(objects.back()));
    return objects;
  }
};

TEST_F(GuardsTest, SoManyHaveOneAndTheNextWhenOneEnds) {
  const std::vector<void*> guarded = take_all_guards();
  EXPECT_FALSE(is_guarded(rig_.allocate(nullptr, kOneBlock)));
  rig_.free(nullptr, guarded[7]);
  EXPECT_TRUE(is_guarded(rig_.allocate(nullptr, kOneBlock)));
  EXPECT_FALSE(is_guarded(rig_.allocate(nullptr, kOneBlock)));
}

TEST_F(GuardsTest, TheBlockThatAnObjectShrinksByIsOneAndCounts) {
  const std::vector<void*> guarded = take_all_guards();
  void* const object = rig_.allocate(nullptr, kTwoBlocks);
  EXPECT_FALSE(is_guarded(object));
  ASSERT_EQ(rig_.reallocate(nullptr, object, kOneBlock), object);
  EXPECT_TRUE(is_guarded(object));
  rig_.free(nullptr, guarded[0]);
  EXPECT_FALSE(is_guarded(rig_.allocate(nullptr, kOneBlock)));
  rig_.free(nullptr, guarded[1]);
  EXPECT_TRUE(is_guarded(rig_.allocate(nullptr, kOneBlock)));
}

TEST(HeldAddresses, ComeBackWhenThereAreNoOthers) {
  Rig rig;
  rig.heap.options.no_reuse_of_addresses = 1;
  rig.harden();
  char* const ended = static_cast<char*>(rig.allocate(nullptr, 4 * kMiB));
  rig.free(nullptr, ended);
  EXPECT_NE(rig.allocate(nullptr, 4 * kMiB), ended) << "its addresses are held";
  fake_os::refuse(fake_os::Call::reserve);
  bool came_back = false;
  while (char* const object = static_cast<char*>(rig.allocate(nullptr, kMiB)))
    came_back = came_back || (object >= ended && object < ended + 4 * kMiB);
  EXPECT_TRUE(came_back);
}

}  // namespace
}  // namespace neap
