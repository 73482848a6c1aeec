#include "tool/render/svg_chart.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "tool/model/text.h"
#include "tool/render/axis.h"
#include "tool/render/palette.h"
#include "tool/render/svg_writer.h"
#include "tool/render/text_table.h"

namespace neap {
namespace {

constexpr double page_width = 1000;
constexpr double page_margin = 28;
constexpr double plot_left = 84;
constexpr double label_room = 176;  // right of the common axes, for the names at the lines' ends
constexpr double plot_height = 330;
constexpr double panel_height = 150;
constexpr double panel_gap = 22;
// Of a name with its value below. Where lines are too many for that, their names stand closer and without values.
constexpr double label_pitch = 34;
constexpr double least_pitch = 15;
constexpr std::size_t label_letters = 18;
constexpr std::size_t mark_letters = 24;
constexpr std::size_t title_letters = 84;
constexpr std::size_t note_letters = 132;
constexpr std::size_t most_points = 900;  // about one per pixel

constexpr const char* base_style =
    "svg{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\n"
    "text{fill:#0f172a}.page{fill:#fff}.title{font-size:21px;font-weight:650}.note{font-size:12.5px;fill:#64748b}\n"
    ".mark{stroke:#94a3b8;stroke-width:1;stroke-dasharray:3 3;fill:none}"
    ".verdict{font-size:14.5px;font-weight:500}\n"
    ".tick{font-size:12px;fill:#64748b}.right{text-anchor:end}.middle{text-anchor:middle}\n"
    ".grid{stroke:#e2e8f0;stroke-width:1;fill:none}.base{stroke:#94a3b8;stroke-width:1;fill:none}\n"
    ".name{font-size:14px;font-weight:650}.value{font-size:12px;fill:#475569}\n"
    ".line{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}.band{stroke:none;fill-opacity:.16}\n"
    ".floor{fill:none;stroke-width:1.4;stroke-dasharray:0.1 5;stroke-linecap:round}\n"
    ".faint{fill:none;stroke:#cbd5e1;stroke-width:1;stroke-linejoin:round}.leader{stroke-width:1;fill:none;stroke-"
    "opacity:.5}\n";

constexpr const char* dark_style =
    "text{fill:#e2e8f0}.page{fill:#0d1117}.note,.tick{fill:#8b98a9}.grid{stroke:#1f2937}.base{stroke:#475569}\n"
    ".value{fill:#a3b1c2}.faint{stroke:#334155}\n";

std::string colour_rules(std::size_t line, const std::string& colour) {
  return fmt::format(".s{0}{{stroke:{1}}}.f{0}{{fill:{1}}}\n", line, colour);
}

std::string style_of(const std::vector<LineStyle>& styles) {
  std::string light = base_style;
  std::string dark = dark_style;
  for (std::size_t at = 0; at < styles.size(); ++at) {
    light += colour_rules(at, styles[at].light);
    dark += colour_rules(at, styles[at].dark);
    if (!styles[at].dash.empty())
      light += fmt::format(".line.s{}{{stroke-dasharray:{}}}\n", at, fmt::join(styles[at].dash, " "));
  }
  return light + "@media (prefers-color-scheme:dark){\n" + dark + "}\n";
}

// Where values of a chart lie within a box.
struct Frame {
  Box box;
  double time_end;
  double memory_end;
  Point at(double seconds, double bytes) const {
    return {box.x + seconds / time_end * box.width, box.bottom() - bytes / memory_end * box.height};
  }
};

// A stretch of a line without a gap.
struct Stretch {
  std::vector<Point> middle, high, low;
};

struct Curve {
  std::vector<Stretch> stretches;
  std::vector<std::vector<Point>> floor;
  double last = 0;  // bytes, of the middle line
  Point end;
  bool any = false;
};

// What a line comes to within some grid steps, joined where there are more of them than pixels.
struct Joined {
  ChartPoint point;
  double floor = 0;
  std::size_t count = 0, floor_count = 0;

  void add(const ChartLine& line, std::size_t at) {
    if (!line.points[at]) return;
    point.low = count == 0 ? line.points[at]->low : std::min(point.low, line.points[at]->low);
    point.high = std::max(point.high, line.points[at]->high);
    point.middle += line.points[at]->middle;
    ++count;
    if (at < line.floor.size() && line.floor[at]) floor += *line.floor[at], ++floor_count;
  }
};

Curve curve_of(const ChartLine& line, const Chart& chart, const Frame& frame) {
  Curve curve;
  const std::size_t stride = std::max<std::size_t>(1, line.points.size() / most_points);
  bool gap = true, floor_gap = true;
  for (std::size_t start = 0; start < line.points.size(); start += stride) {
    Joined joined;
    for (std::size_t at = start; at < std::min(start + stride, line.points.size()); ++at) joined.add(line, at);
    if (gap && joined.count > 0) curve.stretches.emplace_back();
    if (floor_gap && joined.floor_count > 0) curve.floor.emplace_back();
    gap = joined.count == 0, floor_gap = joined.floor_count == 0;
    if (gap) continue;
    const double time =
        std::min(frame.time_end, (static_cast<double>(start) + static_cast<double>(stride - 1) / 2) * chart.step.count);
    curve.last = joined.point.middle / static_cast<double>(joined.count);
    curve.end = frame.at(time, curve.last);
    curve.any = true;
    curve.stretches.back().middle.push_back(curve.end);
    curve.stretches.back().high.push_back(frame.at(time, joined.point.high));
    curve.stretches.back().low.push_back(frame.at(time, joined.point.low));
    if (!floor_gap)
      curve.floor.back().push_back(frame.at(time, joined.floor / static_cast<double>(joined.floor_count)));
  }
  return curve;
}

class ChartPage {
 public:
  ChartPage(const Chart& chart, const ComparisonReport& report)
      : chart_(chart),
        report_(report),
        styles_(styles_of(labels())),
        svg_(page_width, chart.title, description(), style_of(styles_)),
        time_(time_axis(length(), 8, chart.clock)),
        memory_(memory_axis(highest(), 5)) {}

  std::string render() {
    double y = draw_head();
    y = draw_common_axes(y);
    if (chart_.lines.size() > 1) y = draw_panels(y);
    for (const std::string& note : chart_.notes)
      svg_.text({page_margin, y += 18}, "note", cut_to(printable(note), note_letters));
    const double height = y + page_margin - 4;
    std::string body = svg_.finish(height);
    const std::string page =
        fmt::format("<rect class=\"page\" width=\"{:.0f}\" height=\"{:.0f}\" rx=\"12\"/>\n", page_width, height);
    body.insert(body.find("</style>\n") + 9, page);
    return body;
  }

 private:
  std::vector<std::string> labels() const {
    std::vector<std::string> all;
    for (const ChartLine& line : chart_.lines) all.push_back(line.label);
    return all;
  }

  Seconds length() const {
    return {static_cast<double>(std::max<std::size_t>(chart_.steps, 2) - 1) * chart_.step.count};
  }

  std::string description() const {
    std::string text = "Resident memory over time. Means:";
    for (const ComparisonRow& row : report_.comparison.rows)
      text += fmt::format(" {} {} MiB;", row.label, median_of(row.label, "mean_rss"));
    text.back() = '.';
    return text;
  }

  // The median, written as in the table.
  std::string median_of(const std::string& label, std::string_view name) const {
    const std::size_t quantity = quantity_at(name);
    for (std::size_t row = 0; row < report_.comparison.rows.size(); ++row)
      if (const auto& spread = report_.figures.rows[row][quantity].spread;
          report_.comparison.rows[row].label == label && spread)
        return show_quantity(quantities[quantity], spread->median);
    return "-";
  }

  double highest() const {
    double value = 0;
    for (const ChartLine& line : chart_.lines)
      for (const auto& point : line.points)
        if (point) value = std::max(value, point->high);
    return value;
  }

  const char* floor_text() const {
    const bool told = std::any_of(chart_.lines.begin(), chart_.lines.end(),
                                  [](const ChartLine& line) { return !line.floor.empty(); });
    return told ? "; dots: the floor, RSS without what the heap holds above its live bytes" : "";
  }

  double draw_head() {
    double y = page_margin + 18;
    svg_.text({page_margin, y}, "title", cut_to(printable(chart_.title), title_letters));
    if (!report_.verdict.empty()) {
      std::istringstream lines(wrapped(printable(report_.verdict) + ".", note_letters));
      for (std::string line; std::getline(lines, line);) svg_.text({page_margin, y += 22}, "verdict", line);
    }
    svg_.text({page_margin, y += 22}, "note",
              fmt::format("Resident memory (RSS) over time. Line: mean; shade: {}{}.", chart_.shade, floor_text()));
    return y;
  }

  void draw_grid(const Frame& frame, const Axis& memory, const Axis& time, bool with_text) {
    for (const Tick& tick : memory.ticks) {
      const Point left = frame.at(0, tick.value);
      svg_.line(left, {frame.box.right(), left.y}, tick.value == 0 ? "base" : "grid");
      const bool last = &tick == &memory.ticks.back();
      if (with_text)
        svg_.text({left.x - 10, left.y + 4}, "tick right", last ? tick.text + " " + memory.unit : tick.text);
    }
    for (const Tick& tick : time.ticks)
      svg_.text({frame.at(tick.value, 0).x, frame.box.bottom() + 18}, tick.value == 0 ? "tick" : "tick middle",
                tick.text);
  }

  void draw_mark(const Frame& frame, const Mark& mark) {
    const double x = frame.at(std::min(mark.at.count, frame.time_end), 0).x;
    svg_.line({x, frame.box.y}, {x, frame.box.bottom()}, "mark");
    svg_.text({x + 4, frame.box.y + 10}, "note", cut_to(printable(mark.text), mark_letters));
  }

  void draw_curve(const Curve& curve, std::size_t at) {
    for (const Stretch& stretch : curve.stretches) svg_.area(stretch.high, stretch.low, fmt::format("band f{}", at));
    for (const auto& floor : curve.floor) svg_.polyline(floor, fmt::format("floor s{}", at));
    for (const Stretch& stretch : curve.stretches) svg_.polyline(stretch.middle, fmt::format("line s{}", at));
  }

  double draw_common_axes(double y) {
    const Frame frame{{plot_left, y + 26, page_width - plot_left - label_room, plot_height}, time_.end, memory_.end};
    draw_grid(frame, memory_, time_, true);
    for (const Mark& mark : chart_.marks) draw_mark(frame, mark);
    std::vector<Curve> curves;
    for (const ChartLine& line : chart_.lines) curves.push_back(curve_of(line, chart_, frame));
    for (std::size_t at = 0; at < curves.size(); ++at) draw_curve(curves[at], at);
    draw_end_labels(frame, curves);
    return frame.box.bottom() + 34;
  }

  // Names at the lines' right ends, pushed apart where they would overlap, top to bottom in the order of the lines.
  void draw_end_labels(const Frame& frame, const std::vector<Curve>& curves) {
    std::vector<std::size_t> order;
    for (std::size_t at = 0; at < curves.size(); ++at)
      if (curves[at].any) order.push_back(at);
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return curves[a].last > curves[b].last; });
    const double fitting = frame.box.height / static_cast<double>(std::max<std::size_t>(order.size(), 1));
    const double pitch = std::clamp(fitting, least_pitch, label_pitch);
    std::vector<double> ys;
    for (const std::size_t at : order) ys.push_back(curves[at].end.y);
    for (std::size_t at = 1; at < ys.size(); ++at) ys[at] = std::max(ys[at], ys[at - 1] + pitch);
    double floor = frame.box.bottom() - 4;
    for (std::size_t at = ys.size(); at-- > 0; floor = ys[at] - pitch) ys[at] = std::min(ys[at], floor);
    for (std::size_t at = 0; at < order.size(); ++at)
      draw_end_label(frame, curves[order[at]], order[at], ys[at], pitch);
  }

  void draw_end_label(const Frame& frame, const Curve& curve, std::size_t line, double y, double pitch) {
    const double x = frame.box.right() + 22;
    const std::string& label = chart_.lines[line].label;
    const std::string mean = median_of(label, "mean_rss");
    svg_.polyline({{curve.end.x + 4, curve.end.y}, {x - 6, y}}, fmt::format("leader s{}", line));
    svg_.text({x, y + 1}, fmt::format("name f{}", line), shorten_name(printable(label), label_letters));
    if (pitch >= label_pitch) svg_.text({x, y + 16}, "value", fmt::format("mean {} MiB", mean));
  }

  double draw_panels(double y) {
    const std::size_t columns = chart_.lines.size() == 4 ? 4 : std::min<std::size_t>(3, chart_.lines.size());
    const double room = page_width - plot_left - page_margin;
    const double width = (room - panel_gap * static_cast<double>(columns - 1)) / static_cast<double>(columns);
    const Axis memory = memory_axis(highest(), 4);
    const Axis time = time_axis({time_.end}, columns == 4 ? 2 : 3, chart_.clock);
    double bottom = y;
    for (std::size_t at = 0; at < chart_.lines.size(); ++at) {
      const std::size_t above = at / columns;  // rows
      const double column = static_cast<double>(at % columns), row = static_cast<double>(above);
      const Box box{plot_left + column * (width + panel_gap), y + 44 + row * (panel_height + 76), width, panel_height};
      draw_panel({box, time.end, memory.end}, memory, time, at, at % columns == 0);
      bottom = box.bottom() + 26;
    }
    return bottom + 6;
  }

  void draw_panel(const Frame& frame, const Axis& memory, const Axis& time, std::size_t at, bool first) {
    const std::string& label = chart_.lines[at].label;
    svg_.text({frame.box.x, frame.box.y - 26}, fmt::format("name f{}", at),
              shorten_name(printable(label), label_letters));
    svg_.text({frame.box.x, frame.box.y - 10}, "value",
              fmt::format("end {}, peak {} MiB", median_of(label, "end_rss"), median_of(label, "peak_rss")));
    draw_grid(frame, memory, time, first);
    for (std::size_t other = 0; other < chart_.lines.size(); ++other)
      if (other != at)
        for (const Stretch& stretch : curve_of(chart_.lines[other], chart_, frame).stretches)
          svg_.polyline(stretch.middle, "faint");
    draw_curve(curve_of(chart_.lines[at], chart_, frame), at);
  }

  const Chart& chart_;
  const ComparisonReport& report_;
  std::vector<LineStyle> styles_;
  SvgWriter svg_;
  Axis time_;
  Axis memory_;
};

}  // namespace

std::string render_svg(const Chart& chart, const ComparisonReport& report) { return ChartPage(chart, report).render(); }

}  // namespace neap
