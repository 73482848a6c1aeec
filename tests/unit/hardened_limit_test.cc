// A hardened heap near a soft limit of memory: it gives back what any does, and finds what it finds far from it.
#include <gtest/gtest.h>

#include <vector>

#include "hardened/hardened.h"
#include "rig.h"

namespace neap {
namespace {

class HardenedLimitTest : public RigTest {
 protected:
  HardenedLimitTest() {
    harden(rig_.heap.options, true);
    rig_.heap.options.soft_limit = kByControlGroup;
    rig_.heap.options.decay_events = std::uint64_t{1} << 40;
    rig_.keep_dirty_pages();
    fake_os::set_group_memory(256 * kMiB, 10 * kMiB);
    rig_.heap.look_at_limit();
    rig_.harden();
  }
  // Fills 40 MiB. The lower half of each slab is then freed, and has left the quarantine. Returns what is kept.
  std::vector<void*> fill_and_thin() {
    std::vector<void*> kept;
    for (void* object : make(nullptr, 40000, 1000)) {
      offset_in_block(object) < kBlockSize / 2 ? rig_.free(nullptr, object) : kept.push_back(object);
    }
    rig_.hardened->empty_quarantine("test");
    return kept;
  }
  std::uint64_t dirty() { return rig_.sums().dirty_bytes; }
};

TEST_F(HardenedLimitTest, WhatOthersOfTheGroupTakeIsSeenWithTime) {
  const std::vector<void*> kept = fill_and_thin();
  const std::uint64_t before = dirty();
  EXPECT_GT(before, 15 * kMiB);
  fake_os::set_group_memory(256 * kMiB, 256 * kMiB);
  fake_os::set_time(250 * kMillisecond);
  for (int i = 0; i < 3000; ++i) rig_.free(nullptr, rig_.allocate(nullptr, 20000));
  EXPECT_LE(dirty(), before / 4);
  free(nullptr, kept);
  rig_.expect_in_order();
}

TEST_F(HardenedLimitTest, ItLooksAsItGrows) {
  const std::vector<void*> kept = fill_and_thin();
  const std::uint64_t before = dirty();
  fake_os::set_group_memory(256 * kMiB, 250 * kMiB);
  const std::vector<void*> more = make(nullptr, 3000, 30000);
  EXPECT_LE(dirty(), before / 4) << "no time has passed";
  free(nullptr, more);
  free(nullptr, kept);
  rig_.expect_in_order();
}

TEST_F(HardenedLimitTest, AtItNoHolesAreFilledAmongOtherSizes) {
  const std::vector<void*> kept = fill_and_thin();
  fake_os::set_group_memory(256 * kMiB, 256 * kMiB);
  fake_os::set_time(250 * kMillisecond);
  const std::vector<void*> small = make(nullptr, 40000, 64);
  EXPECT_EQ(rig_.recounted().mixed_blocks, 0u);
  for (void* object : small) EXPECT_EQ(rig_.usable(object), 64u);
  free(nullptr, small);
  free(nullptr, kept);
  rig_.expect_in_order();
}

TEST_F(HardenedLimitTest, AtItMisuseIsFound) {
  const std::vector<void*> kept = fill_and_thin();
  fake_os::set_group_memory(256 * kMiB, 256 * kMiB);
  fake_os::set_time(250 * kMillisecond);
  char* const object = static_cast<char*>(make(nullptr, 1000, 100).back());
  EXPECT_EXIT((object[100] = 0, rig_.free(nullptr, object)), aborted, "libneap: overflow: free");
  rig_.free(nullptr, object);
  EXPECT_EXIT(rig_.free(nullptr, object), aborted, "libneap: double free: free");
  free(nullptr, kept);
  rig_.expect_in_order();
}

}  // namespace
}  // namespace neap
