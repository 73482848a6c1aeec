#include "tool/render/text_table.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "tool/model/text.h"

namespace neap {
namespace {

const std::string best_on = "\x1b[1;32m";
const std::string style_off = "\x1b[0m";

std::string padded(const std::string& text, std::size_t width, Align align) {
  const std::string space(width - std::min(width, width_of(text)), ' ');
  return align == Align::left ? text + space : space + text;
}

void trim_end(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

}  // namespace

bool wants_colour(int descriptor) {
  const char* refused = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool capable = term != nullptr && std::string_view(term) != "dumb";
  return ::isatty(descriptor) == 1 && capable && (refused == nullptr || *refused == '\0');
}

TextCell::TextCell(std::string content, bool is_best) : text(printable(content)), best(is_best) {}

TextTable::TextTable(std::vector<TextColumn> columns) : columns_(std::move(columns)) {
  for (TextColumn& column : columns_) column.title = printable(column.title);
}

std::string TextTable::text(bool colour) const {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    widths.push_back(width_of(columns_[column].title));
    for (const auto& row : rows_) widths[column] = std::max(widths[column], width_of(row[column].text));
  }
  std::string out;
  const auto append = [&](auto&& cell_of) {
    std::string line;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      const TextCell& cell = cell_of(column);
      const std::string filled = padded(cell.text, widths[column], columns_[column].align);
      line += (column > 0 ? "  " : "") + (colour && cell.best ? best_on + filled + style_off : filled);
    }
    trim_end(line);
    out += line + "\n";
  };
  append([&](std::size_t column) { return TextCell(columns_[column].title); });
  for (const auto& row : rows_) append([&](std::size_t column) -> const TextCell& { return row[column]; });
  return out;
}

std::string TextTable::markdown() const {
  std::string out = "|";
  for (const TextColumn& column : columns_) out += " " + column.title + " |";
  out += "\n|";
  for (const TextColumn& column : columns_) out += column.align == Align::left ? "---|" : "--:|";
  out += "\n";
  for (const auto& row : rows_) {
    out += "|";
    for (const TextCell& cell : row) out += cell.best ? " **" + cell.text + "** |" : " " + cell.text + " |";
    out += "\n";
  }
  return out;
}

}  // namespace neap
