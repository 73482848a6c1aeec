// A table for the terminal and for Markdown: columns as wide as their content, numbers to the right. In a terminal that
// is too narrow for all columns they are stacked: blocks below each other, each with the first column and as many of
// the others as fit, so that no line wraps.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace neap {

enum class Align { left, right };

struct TextColumn {
  std::string title;
  Align align = Align::right;
  bool joins_previous = false;  // stays in the block of the column before it, as a ratio with its figure
};

struct TextCell {
  TextCell(const std::string& content, bool is_best = false);  // made printable
  TextCell(const char* content) : TextCell(std::string(content)) {}
  std::string text;
  bool best = false;  // set off by colour or bold
};

// Whether a terminal is there that shows colours and nobody asked for none (NO_COLOR).
bool wants_colour(int descriptor);

// Columns that stdout has: those of its terminal, or COLUMNS; without limit where neither is there.
std::size_t output_width();

// Text broken between words so that no line is longer; lines after the first begin with `indent` spaces. Ends with a
// line end.
std::string wrapped(const std::string& text, std::size_t width, std::size_t indent = 0);

class TextTable {
 public:
  explicit TextTable(std::vector<TextColumn> columns);
  void add(std::vector<TextCell> cells) { rows_.push_back(std::move(cells)); }
  std::string text(bool colour, std::size_t width = output_width()) const;  // two spaces between columns
  std::string markdown() const;

 private:
  std::vector<TextColumn> columns_;
  std::vector<std::vector<TextCell>> rows_;
};

}  // namespace neap
