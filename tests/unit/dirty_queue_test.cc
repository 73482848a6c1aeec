#include "pages/dirty_queue.h"

#include <gtest/gtest.h>

#include "page_heap_fixture.h"

namespace neap {
namespace {

class DirtyQueueTest : public PageHeapTest {
 protected:
  std::vector<Block*> popped() {
    std::vector<Block*> all;
    while (!queue_.empty()) all.push_back(queue_.pop());
    return all;
  }

  std::vector<Block*> blocks_ = slabs(4);
  DirtyQueue queue_{*map_};
};

TEST_F(DirtyQueueTest, IsFirstInFirstOut) {
  EXPECT_TRUE(queue_.empty());
  for (Block* block : blocks_) queue_.append(*block);
  EXPECT_FALSE(queue_.empty());
  EXPECT_EQ(&queue_.oldest(), blocks_[0]);
  EXPECT_EQ(popped(), blocks_);
}

TEST_F(DirtyQueueTest, ABlockMayGoBeforeAllOthers) {
  queue_.prepend(*blocks_[1]);  // into an empty queue
  queue_.append(*blocks_[2]);
  queue_.prepend(*blocks_[0]);
  queue_.append(*blocks_[3]);
  EXPECT_EQ(popped(), blocks_);
}

TEST_F(DirtyQueueTest, ServesAgainOnceItWasEmpty) {
  queue_.append(*blocks_[3]);
  popped();
  queue_.append(*blocks_[0]);
  queue_.append(*blocks_[1]);
  EXPECT_EQ(popped(), (std::vector<Block*>{blocks_[0], blocks_[1]}));
}

TEST_F(DirtyQueueTest, ABlockKnowsThatItIsQueued) {
  EXPECT_EQ(blocks_[0]->queued, 0);
  queue_.append(*blocks_[0]);
  queue_.prepend(*blocks_[1]);
  EXPECT_EQ(blocks_[0]->queued, 1);
  EXPECT_EQ(blocks_[1]->queued, 1);
  popped();
  EXPECT_EQ(blocks_[0]->queued, 0);
  EXPECT_EQ(blocks_[1]->queued, 0);
}

TEST_F(DirtyQueueTest, AChunksBlocksAreDroppedAndOthersKeepTheirOrder) {
  Block* const elsewhere[2] = {run(2048, 1), run(2048, 1)};  // more than the first chunk holds
  const Chunk* const first = map_->chunk(address_of(blocks_[0]->address()));
  ASSERT_NE(map_->chunk(address_of(elsewhere[0]->address())), first);
  for (int i = 0; i < 2; ++i) {
    queue_.append(*blocks_[static_cast<std::size_t>(i)]);
    queue_.append(*elsewhere[i]);
  }
  queue_.drop(*first);
  EXPECT_EQ(blocks_[0]->queued, 0);
  EXPECT_EQ(elsewhere[0]->queued, 1);
  EXPECT_EQ(popped(), (std::vector<Block*>{elsewhere[0], elsewhere[1]}));
}

}  // namespace
}  // namespace neap
