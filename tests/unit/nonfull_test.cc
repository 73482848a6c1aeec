#include "slabs/nonfull.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>

namespace neap {
namespace {

constexpr std::size_t kBlocks = 300;

class NonfullTest : public testing::Test {
 protected:
  NonfullTest() {
    for (std::size_t i = 0; i < kBlocks; ++i) blocks_[i].rank = static_cast<std::uint32_t>(1000 + i);
  }
  Block* lowest_of(const std::set<std::size_t>& model) { return model.empty() ? nullptr : &blocks_[*model.begin()]; }

  std::unique_ptr<Block[]> blocks_ = std::make_unique<Block[]>(kBlocks);
  NonfullSlabs nonfull_;
};

TEST_F(NonfullTest, EmptyHasNoLowest) { EXPECT_EQ(nonfull_.lowest(), nullptr); }

TEST_F(NonfullTest, OnlyIsTrueForTheSingleOne) {
  nonfull_.insert(blocks_[5]);
  EXPECT_TRUE(nonfull_.only(blocks_[5]));
  EXPECT_FALSE(nonfull_.only(blocks_[6]));
  nonfull_.insert(blocks_[6]);
  EXPECT_FALSE(nonfull_.only(blocks_[5]));
  nonfull_.remove(blocks_[5]);
  EXPECT_TRUE(nonfull_.only(blocks_[6]));
}

TEST_F(NonfullTest, DrainsInAddressOrder) {
  for (std::size_t i = 0; i < kBlocks; ++i) nonfull_.insert(blocks_[i * 7 % kBlocks]);
  for (std::size_t i = 0; i < kBlocks; ++i) {
    ASSERT_EQ(nonfull_.lowest(), &blocks_[i]);
    nonfull_.remove(blocks_[i]);
  }
  EXPECT_EQ(nonfull_.lowest(), nullptr);
}

TEST_F(NonfullTest, AgreesWithAnOrderedSet) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    std::set<std::size_t> model;
    const unsigned inserts = 1 + seed % 4;  // of 5: some runs stay near empty, some near full
    for (int step = 0; step < 4000; ++step) {
      const std::size_t i = random() % kBlocks;
      if (model.contains(i)) {
        if (random() % 5 >= inserts) {
          nonfull_.remove(blocks_[i]);
          model.erase(i);
        }
      } else if (random() % 5 < inserts) {
        nonfull_.insert(blocks_[i]);
        model.insert(i);
      }
      ASSERT_EQ(nonfull_.lowest(), lowest_of(model));
      ASSERT_EQ(model.size() == 1, nonfull_.lowest() != nullptr && nonfull_.only(*nonfull_.lowest()));
    }
    while (!model.empty()) {
      nonfull_.remove(*lowest_of(model));
      model.erase(model.begin());
      ASSERT_EQ(nonfull_.lowest(), lowest_of(model));
    }
  }
}

}  // namespace
}  // namespace neap
