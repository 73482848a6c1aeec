// A table for the terminal and for Markdown: columns as wide as their content, numbers to the right.
#pragma once
#include <string>
#include <vector>

namespace neap {

enum class Align { left, right };

struct TextColumn {
  std::string title;
  Align align = Align::right;
};

struct TextCell {
  TextCell(std::string content, bool is_best = false);  // made printable
  TextCell(const char* content) : TextCell(std::string(content)) {}
  std::string text;
  bool best = false;  // set off by colour or bold
};

// Whether a terminal is there that shows colours and nobody asked for none (NO_COLOR).
bool wants_colour(int descriptor);

class TextTable {
 public:
  explicit TextTable(std::vector<TextColumn> columns);
  void add(std::vector<TextCell> cells) { rows_.push_back(std::move(cells)); }
  std::string text(bool colour) const;  // titles and rows, two spaces between columns
  std::string markdown() const;

 private:
  std::vector<TextColumn> columns_;
  std::vector<std::vector<TextCell>> rows_;
};

}  // namespace neap
