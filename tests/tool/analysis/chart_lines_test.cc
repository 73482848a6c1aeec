#include "tool/analysis/chart_lines.h"

#include <gtest/gtest.h>

#include "tests/tool/analysis/made_run.h"

namespace neap {
namespace {

constexpr std::size_t many_steps = 1600;

double middle_mib(const ChartLine& line, std::size_t step) { return line.points[step]->middle / (1 << 20); }

TEST(ChartLines, TheMiddleIsTheMeanOfTheRunsHoweverOftenTheyWereLookedAt) {
  auto often = made_run("libc", {});
  for (int at = 0; at < 40; ++at) often.samples.push_back(made_sample(at / 10.0, 100));
  often.end->wall = {4};
  const Chart chart = draw_lines({often, made_run("libc", {300, 300, 300, 300})}, many_steps);
  ASSERT_EQ(chart.lines.size(), 1u);
  for (std::size_t step = 0; step < 4; ++step) {
    ASSERT_TRUE(chart.lines[0].points[step]);
    EXPECT_EQ(middle_mib(chart.lines[0], step), 200);
    EXPECT_EQ(chart.lines[0].points[step]->low, 100.0 * (1 << 20));
    EXPECT_EQ(chart.lines[0].points[step]->high, 300.0 * (1 << 20));
  }
}

TEST(ChartLines, AGapIsEmpty) {
  auto run = made_run("libc", std::vector<double>(10, 100));
  for (double at = 60; at < 70; ++at) run.samples.push_back(made_sample(at, 100));
  run.end->wall = {70};
  const Chart chart = draw_lines({run}, many_steps);
  EXPECT_TRUE(chart.lines[0].points[5]);
  EXPECT_FALSE(chart.lines[0].points[30]);
  EXPECT_TRUE(chart.lines[0].points[60]);
}

TEST(ChartLines, TheGridIsAsCoarseAsAskedFor) {
  const Chart chart = draw_lines({made_run("libc", std::vector<double>(5000, 100))}, 100);
  EXPECT_LE(chart.steps, 102u);
  EXPECT_EQ(chart.lines[0].points.size(), chart.steps);
  EXPECT_EQ(middle_mib(chart.lines[0], 50), 100);
}

TEST(ChartLines, HoursHaveAClockAndMinutesHaveNone) {
  EXPECT_FALSE(draw_lines({made_run("libc", {1, 1})}, many_steps).clock);
  auto day = made_run("libc", {});
  day.facts.interval = {600};
  for (int at = 0; at < 144; ++at) day.samples.push_back(made_sample(600.0 * at, 50));
  day.end->wall = {86400};
  ASSERT_TRUE(draw_lines({day}, many_steps).clock);
  EXPECT_EQ(show_iso(*draw_lines({day}, many_steps).clock), "2026-01-05T02:00:00Z");
  auto later = day;
  later.facts.started_at = "2026-01-05T14:00:00Z";
  EXPECT_FALSE(draw_lines({day, later}, many_steps).clock);  // their hours do not lie below each other
}

}  // namespace
}  // namespace neap
