#include "tool/analysis/summary.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/tool/analysis/made_run.h"
#include "tool/analysis/reduction.h"
#include "tool/analysis/rise.h"

namespace neap {
namespace {

TEST(SummaryOfARun, MeansAreWeightedByTime) {
  auto run = made_run("libc", {});
  run.samples = {made_sample(0, 100), made_sample(1, 400), made_sample(3, 100)};
  run.end->wall = {4};
  const Summary summary = summarize(run);
  EXPECT_EQ(summary.mean_rss, mib(250));              // 100 for a second, 400 for two, 100 for one
  EXPECT_EQ(summary.second_half_mean_rss, mib(250));  // 400 and 100 for a second each
  EXPECT_EQ(summary.peak_rss, mib(400));
}

TEST(SummaryOfARun, ProcessesAreSummedLookByLook) {
  auto run = made_run("libc", {100, 100, 100, 100});
  run.samples.insert(run.samples.begin() + 2, made_sample(1, 60, 2));  // a child that was there for one look
  const Summary summary = summarize(run);
  EXPECT_EQ(summary.mean_rss, mib(115));
  EXPECT_EQ(summary.peak_rss, mib(160));
}

TEST(SummaryOfARun, AGapCountsNothing) {
  auto run = made_run("libc", {100, 100, 100, 100});
  for (double at = 600; at < 604; ++at) run.samples.push_back(made_sample(at, 300));
  run.end->wall = {604};
  // The look before the gap stands for three intervals, no more.
  EXPECT_EQ(summarize(run).mean_rss, mib((6 * 100 + 4 * 300) / 10.0));
}

TEST(SummaryOfARun, TheEndIsBeforeTheProgramLeaves) {
  std::vector<double> works_and_leaves(40, 200);
  works_and_leaves.insert(works_and_leaves.end(), {120, 10});
  EXPECT_EQ(summarize(made_run("libc", works_and_leaves)).end_rss, mib(200));
  EXPECT_EQ(summarize(made_run("libc", {200, 200, 10, 10, 10, 10, 10, 10, 10, 10})).end_rss, mib(10));
  auto asked = made_run("libc", {50, 60, 70, 20, 10});
  asked.end->asked_to_stop = Seconds{2.5};
  EXPECT_EQ(summarize(asked).end_rss, mib(70));
}

TEST(SummaryOfARun, ItsSlopeIsThatOfMostLooks) {
  std::vector<double> rises;
  for (int at = 0; at < 1000; ++at) rises.push_back(at % 10 == 0 ? 500 : 100 + at / 8.0);
  const Slope slope = *summarize(made_run("libc", rises)).rss_slope;
  EXPECT_NEAR(slope.median, (1 << 20) / 8.0, 100);
  EXPECT_LE(slope.low, slope.median);
  EXPECT_GE(slope.high, slope.median);
  EXPECT_TRUE(slope.rises());
  EXPECT_FALSE(summarize(made_run("libc", std::vector<double>(50, 100))).rss_slope->rises());
  EXPECT_FALSE(summarize(made_run("libc", {100, 101})).rss_slope);
  EXPECT_FALSE(summarize(made_run("libc", rises)).live_slope);
}

TEST(SummaryOfARun, TheHeapIsHeldAgainstWhatIsLive) {
  const auto slope_of_heaps = [](double live_growth, double heap_growth) {
    neap::Run run = made_run("neap", std::vector<double>(200, 500));
    for (Sample& sample : run.samples) {
      sample.live = mib(100 * std::exp(live_growth * sample.at.count));
      sample.heap_resident = mib(120 * std::exp(heap_growth * sample.at.count));
    }
    return *summarize(run).heap_to_live_slope;
  };
  EXPECT_NEAR(slope_of_heaps(0.001, 0.001).median, 0, 1e-6);
  EXPECT_NEAR(slope_of_heaps(0.001, 0.003).median, 0.002, 1e-6);
  EXPECT_NEAR(slope_of_heaps(0, -0.001).median, -0.001, 1e-6);
  EXPECT_FALSE(summarize(made_run("libc", std::vector<double>(200, 500))).heap_to_live_slope);
}

// As in the replay of a short trace, whose looks all have the same millisecond.
TEST(SummaryOfARun, LooksAtOneTimeHaveNoSlope) {
  std::vector<Total> totals(300);
  for (Total& total : totals) total.at = Seconds{1};
  EXPECT_FALSE(rise_of(totals, [](const Total&) { return std::optional(100.0); }));
  totals.back().at = Seconds{2};
  EXPECT_TRUE(rise_of(totals, [](const Total&) { return std::optional(100.0); }));
}

TEST(SummaryOfARun, WithoutALookTheKernelTellsThePeakAlone) {
  auto run = made_run("libc", {});
  run.end->peak_rss = mib(7);
  run.end->user = Seconds{0.5};
  run.end->system = Seconds{0.25};
  const Summary summary = summarize(run);
  EXPECT_FALSE(summary.mean_rss);
  EXPECT_FALSE(summary.end_rss);
  EXPECT_EQ(summary.peak_rss, mib(7));
  EXPECT_EQ(summary.cpu.count, 0.75);
}

TEST(SummaryOfARun, ALookAtTheVeryBeginningAloneIsNone) {
  auto run = made_run("libc", {});
  run.samples = {made_sample(0.0002, 0.02)};
  run.end->wall = {0.004};
  run.end->peak_rss = mib(7);
  EXPECT_FALSE(summarize(run).mean_rss);
  EXPECT_FALSE(summarize(run).end_rss);
  EXPECT_EQ(summarize(run).peak_rss, mib(7));
  run.end->exit_code.reset();  // the recording was ended, not the program
  EXPECT_TRUE(summarize(run).mean_rss);
}

TEST(SummaryOfARun, TheFloorLeavesOutWhatTheHeapHoldsAboveItsLiveBytes) {
  auto run = made_run("neap", {100, 100});
  for (Sample& sample : run.samples) sample.live = mib(30), sample.heap_resident = mib(70);
  EXPECT_EQ(summarize(run).mean_floor, mib(60));
  EXPECT_EQ(summarize(run).mean_live, mib(30));
}

TEST(SummaryOfRuns, RunsOfOneLabelAreOneRowWithTheirMedian) {
  const Comparison comparison = compare_runs({made_run("libc", {100, 100}), made_run("neap", {40, 40}),
                                              made_run("libc", {300, 300}), made_run("libc", {120, 120})});
  ASSERT_EQ(comparison.rows.size(), 2u);
  EXPECT_EQ(comparison.rows[0].runs.size(), 3u);
  EXPECT_TRUE(comparison.rows[0].alike);
  const ComparisonFigures figures = figures_of(comparison);
  const QuantityFigures& libc = figures.rows[0][quantity_at("mean_rss")];
  const QuantityFigures& neap = figures.rows[1][quantity_at("mean_rss")];
  EXPECT_EQ(libc.spread->median, 120.0 * (1 << 20));
  EXPECT_EQ(libc.spread->low, 100.0 * (1 << 20));
  EXPECT_EQ(libc.spread->high, 300.0 * (1 << 20));
  EXPECT_DOUBLE_EQ(*neap.ratio, 40.0 / 120);
  EXPECT_TRUE(neap.best);
  EXPECT_FALSE(libc.best);
}

TEST(SummaryOfRuns, UnlikeRecordingsAreSaid) {
  auto other = made_run("libc", {100, 100});
  other.facts.command = {"gzip"};
  const Comparison comparison = compare_runs({made_run("libc", {100, 100}), other});
  EXPECT_FALSE(comparison.rows[0].alike);
  ASSERT_FALSE(comparison.rows[0].remarks.empty());
  EXPECT_EQ(comparison.rows[0].remarks[0], "its recordings differ: programs tor, gzip");
}

}  // namespace
}  // namespace neap
