// The statistics over hosts: what is known from tables, and that intervals hold the truth as often as they promise.
#include "tool/experiment/effect.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "simulated_fleet.h"
#include "tool/experiment/student.h"

namespace neap {
namespace {

const Arms arms{"neap", "libc"};
constexpr double usual_error = 0.05;
constexpr int simulations = 1'000;

TEST(Student, AsInTheTables) {
  EXPECT_NEAR(student_quantile(0.95, 1), 12.706, 0.001);
  EXPECT_NEAR(student_quantile(0.95, 2), 4.303, 0.001);
  EXPECT_NEAR(student_quantile(0.95, 7), 2.365, 0.001);
  EXPECT_NEAR(student_quantile(0.99, 30), 2.750, 0.001);
  EXPECT_NEAR(student_quantile(0.95, 199), 1.972, 0.001);
  EXPECT_NEAR(normal_quantile(0.975), 1.95996, 0.00001);
}

TEST(Effect, LooksTogetherSpendTheError) {
  double sum = 0;
  for (std::size_t number = 1; number <= 5; ++number) sum += error_of_look({number, 5});
  EXPECT_NEAR(sum, usual_error, 1e-9);
  EXPECT_LT(error_of_look({1, 5}), 2e-5);  // an early look costs next to nothing, and proves only the enormous
  EXPECT_NEAR(error_of_look({1, 1}), usual_error, 1e-12);
}

TEST(Effect, IsTheRatioWithinHosts) {
  // Host a is ten times host b, and has more on neap: a ratio of means over all would say 1.6.
  const std::vector<Outcome> outcomes{{"a", "libc", 1000, {}}, {"a", "neap", 500, {}}, {"a", "neap", 500, {}},
                                      {"b", "libc", 100, {}},  {"b", "libc", 100, {}}, {"b", "neap", 50, {}},
                                      {"c", "neap", 1, {}}};
  const auto effect = effect_within_hosts(outcomes, arms, usual_error);
  ASSERT_TRUE(effect);
  EXPECT_NEAR(effect->ratio, 0.5, 1e-12);
  EXPECT_EQ(effect->hosts, 2U);
  EXPECT_EQ(effect->instances, 6U);
  EXPECT_FALSE(effect->adjusted);
}

TEST(Effect, NoneWhereNothingCanBeTold) {
  EXPECT_FALSE(effect_within_hosts({}, arms, usual_error));
  EXPECT_FALSE(effect_within_hosts({{"a", "libc", 1, {}}, {"a", "neap", 1, {}}}, arms, usual_error));
  EXPECT_FALSE(effect_within_hosts({{"a", "libc", 1, {}}, {"b", "neap", 1, {}}}, arms, usual_error));
  EXPECT_FALSE(effect_within_hosts(
      {{"a", "libc", 0, {}}, {"a", "neap", 1, {}}, {"b", "libc", 1, {}}, {"b", "neap", 1, {}}}, arms, usual_error));
}

TEST(Effect, TheMemoryBeforeNarrowsTheInterval) {
  std::mt19937_64 engine(7);
  SimulatedFleet fleet;
  std::vector<Outcome> known = fleet.outcomes(engine), unknown = known;
  for (Outcome& outcome : unknown) outcome.before.reset();
  const auto with = effect_within_hosts(known, arms, usual_error),
             without = effect_within_hosts(unknown, arms, usual_error);
  EXPECT_TRUE(with->adjusted);
  const auto width = [](const Effect& effect) { return effect.interval.high - effect.interval.low; };
  EXPECT_LT(width(*with), 0.8 * width(*without));
}

TEST(Effect, EventsAreHeldAgainstTheTimeOfEachGroup) {
  EXPECT_NEAR(chance_of_as_many(3, 3, 0.5), 0.125, 1e-12);
  EXPECT_NEAR(chance_of_as_many(0, 5, 0.5), 1, 1e-12);
  EXPECT_NEAR(chance_of_as_many(2, 2, 0.1), 0.01, 1e-12);
}

int covered(const SimulatedFleet& fleet, double error = usual_error) {
  std::mt19937_64 engine(11);
  int count = 0;
  for (int simulation = 0; simulation < simulations; ++simulation) {
    const auto effect = effect_within_hosts(fleet.outcomes(engine), arms, error);
    count += effect->interval.low <= fleet.ratio && fleet.ratio <= effect->interval.high;
  }
  return count;
}

class Coverage : public testing::TestWithParam<std::tuple<std::size_t, double>> {};

TEST_P(Coverage, Of1000Intervals930To970HoldTheTruth) {
  SimulatedFleet fleet;
  std::tie(fleet.hosts, fleet.ratio) = GetParam();
  const int count = covered(fleet);
  EXPECT_GE(count, 930);
  EXPECT_LE(count, 970);
}

INSTANTIATE_TEST_SUITE_P(Fleet, Coverage,
                         testing::Combine(testing::Values(2, 4, 8, 20), testing::Values(1.0, 0.97, 0.7)),
                         [](const auto& each) {
                           const double percent = std::get<1>(each.param) * 100;
                           return std::to_string(std::get<0>(each.param)) + "_hosts_at_" +
                                  std::to_string(std::lround(percent)) + "_percent";
                         });

// An experiment that is looked at five times while its readings come in: in how many of 1,000 some interval misses.
int experiments_with_a_miss(bool paid) {
  constexpr std::size_t looks = 5;
  std::mt19937_64 engine(5);
  SimulatedFleet fleet;
  fleet.of_effect = 0, fleet.persistent = 0, fleet.before_known = false;
  int missed = 0;
  for (int simulation = 0; simulation < simulations; ++simulation) {
    std::vector<Outcome> sums;
    bool miss = false;
    for (std::size_t number = 1; number <= looks; ++number) {
      const std::vector<Outcome> fresh = fleet.outcomes(engine);
      if (sums.empty()) sums.assign(fresh.size(), {});
      std::vector<Outcome> means = fresh;
      for (std::size_t at = 0; at < fresh.size(); ++at) {
        sums[at].value += std::log(fresh[at].value);
        means[at].value = std::exp(sums[at].value / static_cast<double>(number));
      }
      const auto effect = effect_within_hosts(means, arms, paid ? error_of_look({number, looks}) : usual_error);
      miss = miss || effect->interval.low > 1 || effect->interval.high < 1;
    }
    missed += miss;
  }
  return missed;
}

TEST(Looks, AtTheDataArePaidFor) {
  EXPECT_LE(experiments_with_a_miss(true), 65);  // 50 promised
  EXPECT_GE(experiments_with_a_miss(false), 90);
}

TEST(Chance, IsEvenWhereThereIsNoEffect) {
  std::mt19937_64 engine(3);
  SimulatedFleet fleet;
  fleet.hosts = 3, fleet.per_group = 3, fleet.of_effect = 0;
  int below = 0;
  for (int simulation = 0; simulation < 400; ++simulation)
    below += chance_by_shuffling(fleet.outcomes(engine), arms) <= 0.2;
  EXPECT_GE(below, 60);
  EXPECT_LE(below, 100);
  fleet.ratio = 0.5;
  EXPECT_LT(chance_by_shuffling(fleet.outcomes(engine), arms), 0.001);
}

}  // namespace
}  // namespace neap
