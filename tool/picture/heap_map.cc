#include "tool/picture/heap_map.h"

#include <fmt/format.h>

#include <algorithm>

#include "tool/picture/squares.h"
#include "tool/render/quantity.h"
#include "tool/render/svg_writer.h"

namespace neap {
namespace {

constexpr double margin = 20, column_width = 600, line_height = 18, square = 7, step = 8, gap = 14;
constexpr std::uint64_t most_squares = 12'000;
constexpr std::size_t squares_a_line = static_cast<std::size_t>(column_width / step);

std::string style() {
  std::string light, dark;
  for (const SquareLook& look : square_looks) {
    light += fmt::format(".{}{{fill:{}}}", look.name, look.light);
    dark += fmt::format(".{}{{fill:{}}}", look.name, look.dark);
  }
  return fmt::format(
      "text{{font:13px system-ui,sans-serif;fill:#222}}.title{{font-size:18px;font-weight:600}}"
      ".back{{fill:#fff}}{}\n@media(prefers-color-scheme:dark){{text{{fill:#ddd}}.back{{fill:#16191c}}{}}}\n",
      light, dark);
}

// All squares of a kind are one path: a picture of 12,000 stays below half a megabyte.
class Column {
 public:
  Column(SvgWriter& svg, double left, double top) : svg_(svg), left_(left), top_(top) {}

  void add(const SquareGroup& group) {
    svg_.text({left_, top_ + line_height - 5}, "", group.title);
    top_ += line_height;
    std::array<std::string, square_looks.size()> paths;
    for (std::size_t i = 0; i < group.squares.size(); ++i) {
      const std::size_t column = i % squares_a_line, line = i / squares_a_line;
      paths[static_cast<std::size_t>(group.squares[i])] +=
          fmt::format("M{:.0f} {:.0f}h{}v{}h-{}z", left_ + step * static_cast<double>(column),
                      top_ + step * static_cast<double>(line), square, square, square);
    }
    for (const SquareLook& look : square_looks)
      if (const std::string& path = paths[static_cast<std::size_t>(look.kind)]; !path.empty())
        svg_.path(path, look.name);
    const std::size_t lines = (group.squares.size() + squares_a_line - 1) / squares_a_line;
    top_ += step * static_cast<double>(lines) + gap;
  }
  double bottom() const { return top_; }

 private:
  SvgWriter& svg_;
  double left_, top_;
};

double draw_legend(SvgWriter& svg, double top, std::uint64_t bytes_a_square) {
  svg.text({margin, top + line_height - 5}, "",
           fmt::format("A square is {} of addresses.", show_bytes({bytes_a_square})));
  for (const SquareLook& look : square_looks) {
    top += line_height;
    svg.box({margin, top + 4, 10, 10}, look.name);
    svg.text({margin + 18, top + line_height - 5}, "", look.legend);
  }
  return top + line_height + gap;
}

}  // namespace

std::string heap_map_svg(const std::vector<NamedLook>& looks) {
  std::vector<const Look*> all;
  for (const NamedLook& named : looks) all.push_back(&named.look);
  const std::uint64_t pages = pages_for_square(all, most_squares);
  const double width = 2 * margin + column_width * static_cast<double>(looks.size()) +
                       2 * margin * static_cast<double>(looks.size() - 1);
  const std::string name = fmt::format("The heap of {} (process {})", looks[0].look.name, looks[0].look.pid);
  SvgWriter svg(width, name, "Squares in order of addresses, coloured by how much of them is live", style());
  svg.box({0, 0, width, 100'000}, "back");
  svg.text({margin, margin + 14}, "title", name);
  const double top = draw_legend(svg, margin + 2 * line_height, pages * looks[0].look.page_size);
  double bottom = top;
  for (std::size_t i = 0; i < looks.size(); ++i) {
    const Look& look = looks[i].look;
    const double left = margin + (column_width + 2 * margin) * static_cast<double>(i);
    svg.text({left, top + line_height - 5}, "title",
             fmt::format("{}{} resident, {} live", looks[i].title.empty() ? "" : looks[i].title + ": ",
                         show_bytes({look.resident}), show_bytes({look.live()})));
    Column column(svg, left, top + 1.5 * line_height);
    for (const SquareGroup& group : squares_of(look, pages)) column.add(group);
    bottom = std::max(bottom, column.bottom());
  }
  return svg.finish(bottom + margin);
}

}  // namespace neap
