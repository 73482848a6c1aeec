// The columns of `neap top`: one table, from which the screen, the sorting keys, their help and the JSON derive.
#pragma once
#include <array>
#include <optional>
#include <string>

#include "tool/top/survey.h"

namespace neap {

enum class ColumnUnit : std::uint8_t { number, bytes, rate, duration };

struct TopColumn {
  const char* name;  // of --sort and in JSON
  const char* title;
  int width;
  char key;  // that sorts by it
  ColumnUnit unit;
  const char* help;
  std::optional<double> (*get)(const SurveyRow&);
};

namespace top_access {

using Row = const SurveyRow&;
template <auto member>
std::optional<double> walked(Row row) {
  if (!row.walked) return std::nullopt;
  return static_cast<double>((*row.walked).*member);
}

}  // namespace top_access

inline constexpr std::array top_columns = {
    TopColumn{"resident", "RSS", 6, 'r', ColumnUnit::bytes, "resident memory",
              [](top_access::Row row) { return std::optional(static_cast<double>(row.resident)); }},
    TopColumn{"proportional", "PSS", 6, 'p', ColumnUnit::bytes, "RSS, shared pages divided by their users",
              top_access::walked<&SurveyRow::Walked::proportional>},
    TopColumn{"live", "LIVE", 6, 'l', ColumnUnit::bytes, "live objects, as far as they are resident",
              top_access::walked<&SurveyRow::Walked::live>},
    TopColumn{"waste", "WASTE", 6, 'w', ColumnUnit::bytes, "free memory that the allocator keeps resident",
              top_access::walked<&SurveyRow::Walked::waste>},
    TopColumn{"swapped", "SWAP", 6, 's', ColumnUnit::bytes, "swapped out",
              top_access::walked<&SurveyRow::Walked::swapped>},
    TopColumn{"age", "AGE", 4, 'a', ColumnUnit::duration, "since it started",
              [](top_access::Row row) { return std::optional(row.age); }},
    TopColumn{"growth", "GROW/H", 7, 'g', ColumnUnit::rate, "of RSS an hour, since neap top looks",
              [](top_access::Row row) { return std::optional(row.growth * 3600); }},
};

// Sorts by the column `name`, largest first; rows without a value come last.
void sort_rows(std::vector<SurveyRow>& rows, const TopColumn& by);
// The column of that name or key; null when there is none.
const TopColumn* column_named(const std::string& name);
const TopColumn* column_of_key(char key);

std::string show_cell(const TopColumn& column, const SurveyRow& row);
std::string top_header(const TopColumn& sorted_by, bool colour);
std::string top_line(const SurveyRow& row, std::size_t width, bool colour);

}  // namespace neap
