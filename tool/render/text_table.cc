#include "tool/render/text_table.h"

#include <algorithm>

namespace neap {
namespace {

// Columns on screen: UTF-8 continuation bytes take none.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t width, Align align) {
  const std::string space(width - std::min(width, width_of(text)), ' ');
  return align == Align::left ? text + space : space + text;
}

void trim_end(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

}  // namespace

std::string TextTable::text() const {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    widths.push_back(width_of(columns_[column].title));
    for (const auto& row : rows_) widths[column] = std::max(widths[column], width_of(row[column]));
  }
  std::string out;
  const auto append = [&](auto&& cell) {
    std::string line;
    for (std::size_t column = 0; column < columns_.size(); ++column)
      line += (column > 0 ? "  " : "") + padded(cell(column), widths[column], columns_[column].align);
    trim_end(line);
    out += line + "\n";
  };
  append([&](std::size_t column) { return columns_[column].title; });
  for (const auto& row : rows_) append([&](std::size_t column) { return row[column]; });
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
    for (const std::string& cell : row) out += " " + cell + " |";
    out += "\n";
  }
  return out;
}

}  // namespace neap
