#include "tool/top/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tool/render/quantity.h"

namespace neap {
namespace {

constexpr const char *bold = "\x1b[1m", *reverse = "\x1b[7m", *red = "\x1b[31m", *yellow = "\x1b[33m", *off = "\x1b[0m";
constexpr int pid_width = 7, allocator_width = 8;
constexpr std::uint64_t little = 8 << 20;

// Five characters at most: "12.3M", "1.2G".
std::string short_bytes(double bytes) {
  constexpr std::array units{"K", "M", "G", "T"};
  double value = std::fabs(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < units.size()) value /= 1024, ++unit;
  return fmt::format("{}{:.{}f}{}", bytes < 0 ? "-" : "", value, value < 99.95 ? 1 : 0, units[unit]);
}

std::string short_duration(double seconds) {
  if (seconds < 100) return fmt::format("{:.0f}s", std::max(0.0, seconds));
  if (seconds < 100 * 60) return fmt::format("{:.0f}m", seconds / 60);
  if (seconds < 100 * 3600) return fmt::format("{:.0f}h", seconds / 3600);
  return fmt::format("{:.0f}d", seconds / 86400);
}

// A colour where at least a quarter of the memory is waste, and the waste is worth a look.
const char* colour_of(const SurveyRow& row) {
  if (!row.walked || row.walked->waste < little) return "";
  const double share =
      static_cast<double>(row.walked->waste) / static_cast<double>(std::max<std::uint64_t>(1, row.resident));
  return share >= 0.5 ? red : share >= 0.25 ? yellow : "";
}

}  // namespace

const TopColumn* column_named(const std::string& name) {
  const auto found =
      std::find_if(top_columns.begin(), top_columns.end(), [&](auto& column) { return column.name == name; });
  return found == top_columns.end() ? nullptr : &*found;
}

const TopColumn* column_of_key(char key) {
  const auto found =
      std::find_if(top_columns.begin(), top_columns.end(), [&](auto& column) { return column.key == key; });
  return found == top_columns.end() ? nullptr : &*found;
}

void sort_rows(std::vector<SurveyRow>& rows, const TopColumn& by) {
  std::stable_sort(rows.begin(), rows.end(), [&](const SurveyRow& a, const SurveyRow& b) {
    const auto left = by.get(a), right = by.get(b);
    if (left.has_value() != right.has_value()) return left.has_value();
    return left && *left != *right ? *left > *right : a.resident > b.resident;
  });
}

std::string show_cell(const TopColumn& column, const SurveyRow& row) {
  const auto value = column.get(row);
  if (!value) return "";
  switch (column.unit) {
    case ColumnUnit::bytes:
      return *value < 1 ? "-" : short_bytes(*value);
    case ColumnUnit::rate:
      return std::fabs(*value) < 1024 ? "-" : (*value > 0 ? "+" : "") + short_bytes(*value);
    case ColumnUnit::duration:
      return short_duration(*value);
    case ColumnUnit::number:
      break;
  }
  return fmt::format("{:.0f}", *value);
}

std::string top_header(const TopColumn& sorted_by, bool colour) {
  std::string line = fmt::format("{:>{}} {:<{}}", "PID", pid_width, "MALLOC", allocator_width);
  for (const TopColumn& column : top_columns) {
    const bool sorted = &column == &sorted_by;
    const std::string title = fmt::format("{:>{}}", column.title, column.width);
    line += " " + (colour && sorted ? reverse + title + off + bold : title);
  }
  line += " NAME";
  return colour ? bold + line + off : line;
}

std::string top_line(const SurveyRow& row, std::size_t width, bool colour) {
  std::string line =
      fmt::format("{:>{}} {:<{}.{}}", row.pid, pid_width, row.allocator, allocator_width, allocator_width);
  for (const TopColumn& column : top_columns) line += fmt::format(" {:>{}}", show_cell(column, row), column.width);
  line += " ";
  for (const char letter : row.name) line += letter >= ' ' && letter != 0x7f ? letter : '?';  // a name is anybody's
  if (line.size() > width) line.resize(width);
  const char* begin = colour ? colour_of(row) : "";
  return *begin == '\0' ? line : begin + line + off;
}

}  // namespace neap
