#include "tool/render/quantity.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace neap {

std::string show_bytes(Bytes bytes) {
  constexpr std::array units{"KiB", "MiB", "GiB", "TiB"};
  if (bytes.count < 1024) return fmt::format("{} B", bytes.count);
  double value = static_cast<double>(bytes.count) / 1024;
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", value, value < 100 ? 1 : 0, units[unit]);
}

std::string show_mib(Bytes bytes) { return fmt::format("{:.1f}", mebibytes(bytes)); }

std::string show_seconds(Seconds seconds) {
  if (seconds.count < 1) return fmt::format("{:.0f} ms", seconds.count * 1e3);
  return fmt::format("{:.{}f} s", seconds.count, seconds.count < 100 ? 2 : 0);
}

std::string show_duration(Seconds seconds) {
  const long whole = std::lround(seconds.count);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string show_count(double count) {
  if (count < 10'000) return fmt::format("{:.0f}", count);
  if (count < 1e6) return fmt::format("{:.1f} k", count / 1e3);
  return fmt::format("{:.2f} M", count / 1e6);
}

}  // namespace neap
