#include "tool/render/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace neap {
namespace {

constexpr double mebibyte = 1 << 20;
constexpr double minute = 60;
constexpr double hour = 3600;
constexpr double day = 24 * hour;

// 1, 2 or 5 times a power of ten.
double round_step(double rough) {
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : std::array{1.0, 2.0, 5.0})
    if (factor * power >= rough * 0.999) return factor * power;
  return 10 * power;
}

constexpr std::array time_steps{0.001, 0.002, 0.005,  0.01,   0.02,   0.05,    0.1,     0.2,    0.5,
                                1.0,   2.0,   5.0,    10.0,   15.0,   30.0,    60.0,    120.0,  300.0,
                                600.0, 900.0, 1800.0, 3600.0, 7200.0, 10800.0, 21600.0, 43200.0};

double time_step(double rough) {
  const auto step = std::lower_bound(time_steps.begin(), time_steps.end(), rough * 0.999);
  return step == time_steps.end() ? day * std::max(1.0, round_step(rough / day)) : *step;
}

std::string trimmed(double value) { return fmt::format("{:.10g}", std::round(value * 1e6) / 1e6); }

// Steps of whole minutes at least, so that ticks fall on round times of day.
Axis clock_axis(Seconds longest, int wanted_ticks, Moment clock) {
  Axis axis;
  axis.end = longest.count;
  axis.unit = "UTC";
  const auto step = static_cast<std::int64_t>(std::max(minute, time_step(axis.end / wanted_ticks)));
  const std::int64_t first = (clock.unix_s + step - 1) / step * step;
  for (std::int64_t at = first; static_cast<double>(at - clock.unix_s) <= axis.end; at += step) {
    const std::string whole = show_moment({at});  // "2026-01-05 02:00"
    const bool is_midnight = at % static_cast<std::int64_t>(day) == 0;
    axis.ticks.push_back({static_cast<double>(at - clock.unix_s), is_midnight ? whole.substr(5, 5) : whole.substr(11)});
  }
  return axis;
}

}  // namespace

Axis memory_axis(double highest_bytes, int wanted_ticks) {
  const double highest = std::max(highest_bytes, mebibyte);
  const double step = round_step(0.8 * highest / mebibyte / wanted_ticks);
  Axis axis;
  axis.unit = "MiB";
  axis.end = highest * 1.05;
  for (int at = 0; at * step * mebibyte <= axis.end; ++at)
    axis.ticks.push_back({at * step * mebibyte, trimmed(at * step)});
  return axis;
}

Axis time_axis(Seconds longest, int wanted_ticks, std::optional<Moment> clock) {
  if (clock) return clock_axis(longest, wanted_ticks, *clock);
  Axis axis;
  axis.end = std::max(longest.count, 1e-3);
  const double step = time_step(axis.end / wanted_ticks);
  const double unit = step >= day ? day : step >= hour ? hour : step >= minute ? minute : 1;
  axis.unit = unit == day ? "d" : unit == hour ? "h" : unit == minute ? "min" : "s";
  for (double value = 0; value <= axis.end * 1.0001; value += step)
    axis.ticks.push_back({value, value == 0 ? "0" : trimmed(value / unit) + " " + axis.unit});
  return axis;
}

}  // namespace neap
