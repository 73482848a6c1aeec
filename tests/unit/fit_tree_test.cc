// The tree of bounds against a plain array: finds the lowest block that may fit, however bounds rise and fall.
#include "mixed/fit_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "fake_os.h"
#include "pages/page_map.h"

namespace neap {
namespace {

class FitTreeTest : public testing::Test {
 protected:
  explicit FitTreeTest(std::size_t blocks = 9000) : blocks_(blocks) {
    fake_os::reset();
    chunk_ = Chunk::create(blocks * kBlockSize, 0, *map_, accounts_);
  }
  ~FitTreeTest() override { fake_os::reset(); }

  std::unique_ptr<PageMap> map_ = std::make_unique<PageMap>();
  Accounts accounts_;
  std::size_t blocks_;
  Chunk* chunk_ = nullptr;
};

TEST_F(FitTreeTest, AnEmptyTreeFitsNothing) { EXPECT_EQ(FitTree(*chunk_).find(1), FitTree::kNone); }

TEST_F(FitTreeTest, FindsTheLowestOfEveryHeight) {
  FitTree tree(*chunk_);
  for (const std::size_t block : {std::size_t{8999}, std::size_t{4096}, std::size_t{4095}, std::size_t{63}}) {
    tree.raise(block, 10);
    EXPECT_EQ(tree.find(10), block);
    EXPECT_EQ(tree.find(11), FitTree::kNone);
  }
}

TEST_F(FitTreeTest, AgreesWithAPlainArray) {
  FitTree tree(*chunk_);
  std::vector<std::uint8_t> plain(blocks_);
  std::mt19937 random(7);
  for (int step = 0; step < 20000; ++step) {
    const std::size_t block = random() % (step % 2 == 0 ? blocks_ : 300);
    const std::uint8_t size_class = static_cast<std::uint8_t>(1 + random() % 72);
    if (random() % 3 == 0) {
      tree.lower(block, plain[block] = static_cast<std::uint8_t>(plain[block] / 4));
    } else {
      tree.raise(block, size_class);
      plain[block] = std::max(plain[block], size_class);
    }
    const std::uint8_t wanted = static_cast<std::uint8_t>(1 + random() % 72);
    const auto lowest = std::find_if(plain.begin(), plain.end(), [&](std::uint8_t bound) { return bound >= wanted; });
    const std::size_t expected =
        lowest == plain.end() ? FitTree::kNone : static_cast<std::size_t>(lowest - plain.begin());
    ASSERT_EQ(tree.find(wanted), expected) << "step " << step;
  }
}

}  // namespace
}  // namespace neap
