#include "tool/verdict/growth.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tool/render/quantity.h"

namespace neap {
namespace {

constexpr double share_that_counts = 0.2;  // of the growth of resident memory
constexpr double noise = 256 << 10;  // bytes: a heap touches a few pages more for long, live memory is known exactly

std::string show_rate(double bytes_a_second) {
  const std::uint64_t whole = static_cast<std::uint64_t>(std::llround(std::fabs(bytes_a_second)));
  return fmt::format("{}{}/s", bytes_a_second < 0 ? "-" : "+", show_bytes({whole}));
}

std::string show_slope(const Slope& slope) {
  return fmt::format("{} ({} to {})", show_rate(slope.median), show_rate(slope.low), show_rate(slope.high));
}

GrowthKind kind_of(const Growth& growth) {
  if (!growth.resident.rises()) return growth.live.rises() ? GrowthKind::filling : GrowthKind::none;
  const auto counts = [&](const Slope& slope) {
    return slope.rises() && slope.median >= share_that_counts * growth.resident.median;
  };
  const auto matters = [&](const Slope& slope) { return slope.median * growth.seconds >= noise; };
  const bool live = counts(growth.live), waste = counts(growth.waste) && matters(growth.waste);
  if (live && waste) return GrowthKind::both;
  if (live) return GrowthKind::leak;
  if (waste) return GrowthKind::fragmentation;
  return matters(growth.resident) ? GrowthKind::elsewhere : GrowthKind::none;
}

std::string sentence_of(const Growth& growth) {
  const std::string hours = show_bytes({static_cast<std::uint64_t>(std::max(0.0, growth.resident.median) * 86400)});
  switch (growth.kind) {
    case GrowthKind::none:
      return growth.resident.rises() ? "Resident memory hardly grows: too little to be told from a heap that settles."
                                     : "Resident memory does not grow.";
    case GrowthKind::filling:
      return fmt::format(
          "Resident memory does not grow; live memory does, {}, into what was free: a leak if it goes on.",
          show_slope(growth.live));
    case GrowthKind::leak:
      return fmt::format("Live memory grows, {}, and resident memory with it ({} a day): a leak, or a need.",
                         show_slope(growth.live), hours);
    case GrowthKind::fragmentation:
      return fmt::format("Free memory that stays resident grows, {}; live memory does not ({} a day): fragmentation.",
                         show_slope(growth.waste), hours);
    case GrowthKind::both:
      return fmt::format("Live memory grows, {}, and free memory beside it, {} ({} a day).", show_slope(growth.live),
                         show_slope(growth.waste), hours);
    case GrowthKind::elsewhere:
      break;
  }
  return fmt::format("Resident memory grows, {}, but no heap that neap reads ({} a day): not malloc's.",
                     show_slope(growth.resident), hours);
}

}  // namespace

const char* name_of(GrowthKind kind) {
  constexpr const char* names[] = {"none", "filling", "leak", "fragmentation", "both", "elsewhere"};
  return names[static_cast<std::size_t>(kind)];
}

GrowthPoint growth_point(const Look& look, double at) {
  double live = 0;
  for (const HeapFill& heap : look.heaps) live += static_cast<double>(heap.live.bytes);
  return {at, static_cast<double>(look.resident), live, static_cast<double>(look.waste()),
          static_cast<double>(look.part(PartKind::others))};
}

Growth judge_growth(const std::vector<GrowthPoint>& points) {
  const auto slope_over = [&](double GrowthPoint::*value) {
    std::vector<SlopePoint> of_value;
    for (const GrowthPoint& point : points) of_value.push_back({point.at, point.*value});
    return slope_of(of_value);
  };
  Growth growth;
  growth.resident = slope_over(&GrowthPoint::resident);
  growth.live = slope_over(&GrowthPoint::live);
  growth.waste = slope_over(&GrowthPoint::waste);
  growth.others = slope_over(&GrowthPoint::others);
  growth.looks = points.size();
  growth.seconds = points.empty() ? 0 : points.back().at - points.front().at;
  growth.kind = kind_of(growth);
  growth.sentence = sentence_of(growth);
  return growth;
}

}  // namespace neap
