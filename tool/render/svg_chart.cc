#include "tool/render/svg_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tool/render/axis.h"
#include "tool/render/palette.h"
#include "tool/render/svg_writer.h"

namespace neap {
namespace {

constexpr double page_width = 1000;
constexpr double page_margin = 28;
constexpr double plot_left = 84;
constexpr double label_room = 176;  // right of the common axes, for the names at the lines' ends
constexpr double plot_height = 330;
constexpr double panel_height = 150;
constexpr double panel_gap = 22;
constexpr double label_pitch = 34;
constexpr std::size_t most_points = 900;  // about one per pixel

constexpr const char* base_style =
    "svg{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\n"
    "text{fill:#0f172a}.page{fill:#fff}.title{font-size:21px;font-weight:650}.note{font-size:12.5px;fill:#64748b}\n"
    ".tick{font-size:12px;fill:#64748b}.right{text-anchor:end}.middle{text-anchor:middle}\n"
    ".grid{stroke:#e2e8f0;stroke-width:1;fill:none}.base{stroke:#94a3b8;stroke-width:1;fill:none}\n"
    ".name{font-size:14px;font-weight:650}.value{font-size:12px;fill:#475569}\n"
    ".line{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}.band{stroke:none;fill-opacity:.16}\n"
    ".live{fill:none;stroke-width:1.4;stroke-dasharray:2 4;stroke-linecap:round}\n"
    ".faint{fill:none;stroke:#cbd5e1;stroke-width:1;stroke-linejoin:round}.leader{stroke-width:1;fill:none;stroke-"
    "opacity:.5}\n";

constexpr const char* dark_style =
    "text{fill:#e2e8f0}.page{fill:#0d1117}.note,.tick{fill:#8b98a9}.grid{stroke:#1f2937}.base{stroke:#475569}\n"
    ".value{fill:#a3b1c2}.faint{stroke:#334155}\n";

std::string colour_rules(std::size_t line, const std::string& colour) {
  return fmt::format(".s{0}{{stroke:{1}}}.f{0}{{fill:{1}}}\n", line, colour);
}

std::string style_of(const std::vector<LineColour>& colours) {
  std::string light = base_style;
  std::string dark = dark_style;
  for (std::size_t at = 0; at < colours.size(); ++at) {
    light += colour_rules(at, colours[at].light);
    dark += colour_rules(at, colours[at].dark);
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

struct Trace {
  std::vector<Point> middle, high, low, live;
  double last = 0;  // bytes, of the middle line
};

// A line's points within a frame, several grid steps joined where there are more than pixels.
Trace trace_of(const ChartLine& line, const Chart& chart, const Frame& frame) {
  Trace trace;
  const std::size_t stride = std::max<std::size_t>(1, line.points.size() / most_points);
  for (std::size_t start = 0; start < line.points.size(); start += stride) {
    ChartPoint joined;
    double live = 0;
    std::size_t count = 0, live_count = 0;
    for (std::size_t at = start; at < std::min(start + stride, line.points.size()); ++at) {
      if (!line.points[at]) continue;
      joined.low = count == 0 ? line.points[at]->low : std::min(joined.low, line.points[at]->low);
      joined.high = std::max(joined.high, line.points[at]->high);
      joined.middle += line.points[at]->middle;
      ++count;
      if (at < line.live.size() && line.live[at]) live += *line.live[at], ++live_count;
    }
    if (count == 0) continue;
    const double time =
        std::min(frame.time_end, (static_cast<double>(start) + static_cast<double>(stride - 1) / 2) * chart.step.count);
    trace.last = joined.middle / static_cast<double>(count);
    trace.middle.push_back(frame.at(time, trace.last));
    trace.high.push_back(frame.at(time, joined.high));
    trace.low.push_back(frame.at(time, joined.low));
    // Live bytes count whole objects, touched or not: they can lie above every RSS, and then end at the frame.
    if (live_count > 0)
      trace.live.push_back(frame.at(time, std::min(live / static_cast<double>(live_count), frame.memory_end)));
  }
  return trace;
}

const ComparisonRow* row_of(const Comparison& comparison, const std::string& label) {
  for (const ComparisonRow& row : comparison.rows)
    if (row.label == label) return &row;
  return nullptr;
}

double median_mib(const ComparisonRow* row, Bytes Summary::*member) {
  if (row == nullptr || row->runs.empty()) return 0;
  std::vector<double> values;
  for (const Summary& run : row->runs) values.push_back(mebibytes(run.*member));
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

class ChartPage {
 public:
  ChartPage(const Chart& chart, const Comparison& comparison)
      : chart_(chart),
        comparison_(comparison),
        colours_(colours_of(labels())),
        svg_(page_width, chart.title, description(), style_of(colours_)),
        time_(time_axis({static_cast<double>(std::max<std::size_t>(chart.steps, 2) - 1) * chart.step.count}, 8)),
        memory_(memory_axis(highest(), 5)) {}

  std::string render() {
    double y = draw_head();
    y = draw_common_axes(y);
    if (chart_.lines.size() > 1) y = draw_panels(y);
    for (const std::string& note : chart_.notes) svg_.text({page_margin, y += 18}, "note", note);
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

  std::string description() const {
    std::string text = "Resident memory over time. Means:";
    for (const ComparisonRow& row : comparison_.rows)
      text += fmt::format(" {} {:.1f} MiB;", row.label, median_mib(&row, &Summary::mean_rss));
    text.back() = '.';
    return text;
  }

  double highest() const {
    double value = 0;
    for (const ChartLine& line : chart_.lines)
      for (const auto& point : line.points)
        if (point) value = std::max(value, point->high);
    return value;
  }

  const char* live_text() const {
    const bool told =
        std::any_of(chart_.lines.begin(), chart_.lines.end(), [](const ChartLine& line) { return !line.live.empty(); });
    return told ? "; dots: live bytes where the allocator tells them" : "";
  }

  double draw_head() {
    svg_.text({page_margin, page_margin + 18}, "title", chart_.title);
    svg_.text({page_margin, page_margin + 40}, "note",
              fmt::format("Resident memory (RSS) over time. Line: mean; shade: {}{}.", chart_.shade, live_text()));
    return page_margin + 40;
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

  void draw_trace(const Trace& trace, std::size_t at) {
    svg_.area(trace.high, trace.low, fmt::format("band f{}", at));
    svg_.polyline(trace.live, fmt::format("live s{}", at));
    svg_.polyline(trace.middle, fmt::format("line s{}", at));
  }

  double draw_common_axes(double y) {
    const Frame frame{{plot_left, y + 26, page_width - plot_left - label_room, plot_height}, time_.end, memory_.end};
    draw_grid(frame, memory_, time_, true);
    std::vector<Trace> traces;
    for (const ChartLine& line : chart_.lines) traces.push_back(trace_of(line, chart_, frame));
    for (std::size_t at = 0; at < traces.size(); ++at) draw_trace(traces[at], at);
    draw_end_labels(frame, traces);
    return frame.box.bottom() + 34;
  }

  // Names at the lines' right ends, pushed apart where they would overlap, top to bottom in the order of the lines.
  void draw_end_labels(const Frame& frame, const std::vector<Trace>& traces) {
    std::vector<std::size_t> order;
    for (std::size_t at = 0; at < traces.size(); ++at)
      if (!traces[at].middle.empty()) order.push_back(at);
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return traces[a].last > traces[b].last; });
    std::vector<double> ys;
    for (const std::size_t at : order) ys.push_back(traces[at].middle.back().y);
    for (std::size_t at = 1; at < ys.size(); ++at) ys[at] = std::max(ys[at], ys[at - 1] + label_pitch);
    double floor = frame.box.bottom() - 4;
    for (std::size_t at = ys.size(); at-- > 0; floor = ys[at] - label_pitch) ys[at] = std::min(ys[at], floor);
    for (std::size_t at = 0; at < order.size(); ++at) {
      const std::size_t line = order[at];
      const Point end = traces[line].middle.back();
      const double x = frame.box.right() + 22;
      svg_.polyline({{end.x + 4, end.y}, {x - 6, ys[at]}}, fmt::format("leader s{}", line));
      svg_.text({x, ys[at] + 1}, fmt::format("name f{}", line), chart_.lines[line].label);
      svg_.text({x, ys[at] + 16}, "value",
                fmt::format("mean {:.1f} MiB",
                            median_mib(row_of(comparison_, chart_.lines[line].label), &Summary::mean_rss)));
    }
  }

  double draw_panels(double y) {
    const std::size_t columns = chart_.lines.size() == 4 ? 4 : std::min<std::size_t>(3, chart_.lines.size());
    const double room = page_width - plot_left - page_margin;
    const double width = (room - panel_gap * static_cast<double>(columns - 1)) / static_cast<double>(columns);
    const Axis memory = memory_axis(highest(), 4);
    const Axis time = time_axis({time_.end}, columns == 4 ? 2 : 3);
    double bottom = y;
    for (std::size_t at = 0; at < chart_.lines.size(); ++at) {
      const double column = static_cast<double>(at % columns);
      const double row = static_cast<double>(at / columns);
      const Box box{plot_left + column * (width + panel_gap), y + 44 + row * (panel_height + 76), width, panel_height};
      draw_panel({box, time.end, memory.end}, memory, time, at, at % columns == 0);
      bottom = box.bottom() + 26;
    }
    return bottom + 6;
  }

  void draw_panel(const Frame& frame, const Axis& memory, const Axis& time, std::size_t at, bool first) {
    const ComparisonRow* row = row_of(comparison_, chart_.lines[at].label);
    svg_.text({frame.box.x, frame.box.y - 26}, fmt::format("name f{}", at), chart_.lines[at].label);
    svg_.text({frame.box.x, frame.box.y - 10}, "value",
              fmt::format("end {:.0f}, peak {:.0f} MiB", median_mib(row, &Summary::end_rss),
                          median_mib(row, &Summary::peak_rss)));
    draw_grid(frame, memory, time, first);
    for (std::size_t other = 0; other < chart_.lines.size(); ++other)
      if (other != at) svg_.polyline(trace_of(chart_.lines[other], chart_, frame).middle, "faint");
    draw_trace(trace_of(chart_.lines[at], chart_, frame), at);
  }

  const Chart& chart_;
  const Comparison& comparison_;
  std::vector<LineColour> colours_;
  SvgWriter svg_;
  Axis time_;
  Axis memory_;
};

}  // namespace

std::string render_svg(const Chart& chart, const Comparison& comparison) {
  return ChartPage(chart, comparison).render();
}

}  // namespace neap
