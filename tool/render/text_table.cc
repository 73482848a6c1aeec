#include "tool/render/text_table.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tool/model/text.h"

namespace neap {
namespace {

constexpr const char* best_on = "\x1b[1;32m";
constexpr const char* style_off = "\x1b[0m";
constexpr std::string_view between = "  ";
constexpr std::size_t least_key = 8;  // columns of the first one, however narrow the terminal

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

std::size_t output_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const unsigned long width = columns != nullptr ? std::strtoul(columns, nullptr, 10) : 0;
  return width > 0 ? width : SIZE_MAX;
}

std::string wrapped(const std::string& text, std::size_t width, std::size_t indent) {
  const std::string margin(indent, ' ');
  std::string out, line;
  bool empty = true;  // the line holds its margin alone
  const auto end_line = [&] { out += line + "\n", line = margin, empty = true; };
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find(' ', start), text.size());
    std::string word = text.substr(start, end - start);
    start = end + 1;
    if (!empty && width_of(line) + 1 + width_of(word) > width) end_line();
    while (width_of(line) + width_of(word) > std::max(width, indent + 2)) {  // longer than a whole line
      const std::size_t fits = bytes_within(word, std::max(width, indent + 2) - width_of(line));
      line += word.substr(0, fits);
      word.erase(0, fits);
      end_line();
    }
    line += (empty ? "" : " ") + word;
    empty = false;
  }
  return out + line + "\n";
}

TextCell::TextCell(const std::string& content, bool is_best) : text(printable(content)), best(is_best) {}

TextTable::TextTable(std::vector<TextColumn> columns) : columns_(std::move(columns)) {
  for (TextColumn& column : columns_) column.title = printable(column.title);
}

std::string TextTable::text(bool colour, std::size_t width) const {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    widths.push_back(width_of(columns_[column].title));
    for (const auto& row : rows_) widths[column] = std::max(widths[column], width_of(row[column].text));
  }
  widths[0] = std::min(widths[0], std::max(least_key, width / 2));
  std::string out;
  const auto append_line = [&](std::size_t from, std::size_t until, auto&& cell_of) {
    std::string line = padded(shorten_name(cell_of(0).text, widths[0]), widths[0], columns_[0].align);
    for (std::size_t column = from; column < until; ++column) {
      const TextCell& cell = cell_of(column);
      const std::string filled =
          padded(cut_to(cell.text, std::max<std::size_t>(width, 1)), widths[column], columns_[column].align);
      line += between;
      line += colour && cell.best ? best_on + filled + style_off : filled;
    }
    trim_end(line);
    out += line + "\n";
  };
  for (std::size_t from = 1; from < columns_.size() || from == 1;) {
    std::size_t until = from, used = widths[0];
    while (until < columns_.size()) {
      std::size_t next = until + 1, more = between.size() + widths[until];
      for (; next < columns_.size() && columns_[next].joins_previous; ++next) more += between.size() + widths[next];
      if (until > from && used + more > width) break;
      used += more;
      until = next;
    }
    if (from > 1) out += "\n";
    append_line(from, until, [&](std::size_t column) { return TextCell(columns_[column].title); });
    for (const auto& row : rows_)
      append_line(from, until, [&](std::size_t column) -> const TextCell& { return row[column]; });
    from = std::max(until, std::size_t{2});
  }
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
