#include "pages/free_runs.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace neap {
namespace {

// The same answers, from a look at every block.
class RunsModel {
 public:
  explicit RunsModel(std::size_t blocks) : used_(blocks) {}

  std::size_t find(std::size_t count, std::size_t align, std::size_t shift) const {
    for (std::size_t begin = 0; begin + count <= used_.size(); ++begin) {
      if ((begin + shift) % align == 0 && are_free(begin, count)) return begin;
    }
    return used_.size();
  }
  bool are_free(std::size_t first, std::size_t count) const {
    if (first + count > used_.size()) return false;
    for (std::size_t i = first; i < first + count; ++i) {
      if (used_[i]) return false;
    }
    return true;
  }
  void set(std::size_t first, std::size_t count, bool used) {
    for (std::size_t i = first; i < first + count; ++i) used_[i] = used;
  }

 private:
  std::vector<bool> used_;
};

class FreeRunsTest : public testing::Test {
 protected:
  void open(std::size_t blocks) {
    words_.assign(FreeRuns::words(blocks), 0);
    runs_ = FreeRuns();
    runs_.open(words_.data(), blocks);
  }

  std::vector<bits::Word> words_;
  FreeRuns runs_;
};

struct Taken {
  std::size_t first, count;
};

TEST_F(FreeRunsTest, AgreesWithAModel) {
  std::mt19937 random(1);
  for (const std::size_t blocks :
       {std::size_t{1}, std::size_t{16}, std::size_t{64}, std::size_t{1000}, std::size_t{9000}}) {
    open(blocks);
    RunsModel model(blocks);
    std::vector<Taken> taken;
    const std::size_t shift = random() % 16384;
    for (int step = 0; step < 3000; ++step) {
      const bool large = random() % 8 == 0;
      const std::size_t count = 1 + random() % (large ? blocks / 3 + 1 : 6), align = std::size_t{1} << random() % 5;
      const std::size_t found = runs_.find(count, align, shift);
      ASSERT_EQ(found, model.find(count, align, shift)) << count << " at " << align;
      if (found != blocks && random() % 3 != 0) {
        runs_.take(found, count);
        model.set(found, count, true);
        taken.push_back({found, count});
      }
      while (!taken.empty() && random() % 5 < 2) {
        std::swap(taken[random() % taken.size()], taken.back());
        runs_.give(taken.back().first, taken.back().count);
        model.set(taken.back().first, taken.back().count, false);
        taken.pop_back();
      }
      const std::size_t at = random() % blocks;
      ASSERT_EQ(runs_.are_free(at, count), model.are_free(at, count));
    }
    std::size_t used = 0;
    for (const Taken& run : taken) used += run.count;
    EXPECT_EQ(runs_.used(), used);
  }
}

// Runs longer than the highest bound are found whole, wherever they begin and end.
TEST_F(FreeRunsTest, FindsRunsLongerThanAnyBound) {
  constexpr std::size_t kBlocks = 20000;
  for (const std::size_t wall : {0u, 63u, 64u, 1000u, 4095u, 4096u}) {
    open(kBlocks);
    runs_.take(wall, 1);
    EXPECT_EQ(runs_.find(kBlocks - wall - 1, 1, 0), wall + 1);
    EXPECT_EQ(runs_.find(kBlocks - wall, 1, 0), kBlocks);
    runs_.give(wall, 1);
    EXPECT_EQ(runs_.find(kBlocks, 1, 0), 0u);
  }
}

// What is freed in the middle of a long run joins it, also when the look for its ends does not reach them.
TEST_F(FreeRunsTest, JoinsWhatLiesBetweenLongRuns) {
  constexpr std::size_t kBlocks = 10000, kMiddle = 5000;
  open(kBlocks);
  runs_.take(kMiddle, 1);
  EXPECT_EQ(runs_.find(kMiddle + 1, 1, 0), kBlocks);
  runs_.give(kMiddle, 1);
  EXPECT_EQ(runs_.find(kBlocks, 1, 0), 0u);
}

}  // namespace
}  // namespace neap
