// What others read of the heap, and what they may ask of it.
#include "release/board.h"

#include <gtest/gtest.h>

#include "rig.h"

namespace neap {
namespace {

using BoardTest = RigTest;

TEST_F(BoardTest, SaysWhatItIs) {
  const neap_telemetry& board = rig_.sums();
  EXPECT_EQ(board.magic, NEAP_TELEMETRY_MAGIC);
  EXPECT_EQ(board.version, NEAP_TELEMETRY_VERSION);
  EXPECT_EQ(board.size, sizeof(neap_telemetry));
}

// A program that makes few calls is told from one that makes none.
TEST_F(BoardTest, CountsWhatCachesWereGiven) {
  make(rig_.heap.open_cache(), 100, 64);
  rig_.heap.publish();
  EXPECT_GE(rig_.board.served, 100u);
}

TEST_F(BoardTest, TheTrimAskedForFromOutsideHappensAtTheNextEvent) {
  rig_.free(nullptr, rig_.allocate(nullptr, 200000));
  EXPECT_GT(rig_.sums().dirty_bytes, 0u);
  rig_.board.control = 1;
  rig_.allocate(nullptr, 2000);
  EXPECT_EQ(rig_.board.control, 0u);
  EXPECT_EQ(rig_.sums().dirty_bytes, 0u);
}

TEST_F(BoardTest, KnowsOfThreadsAtOnce) {
  ThreadCache* cache = rig_.heap.open_cache();
  rig_.heap.open_cache();
  EXPECT_EQ(rig_.board.threads, 2u);
  rig_.heap.close_cache(*cache);
  EXPECT_EQ(rig_.board.threads, 1u);
}

}  // namespace
}  // namespace neap
