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

class TextTable {
 public:
  explicit TextTable(std::vector<TextColumn> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string text() const;  // titles and rows, two spaces between columns
  std::string markdown() const;

 private:
  std::vector<TextColumn> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace neap
