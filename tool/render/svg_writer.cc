#include "tool/render/svg_writer.h"

#include <fmt/format.h>

#include <iterator>

#include "tool/model/text.h"

namespace neap {
namespace {

void append_points(std::string& out, const std::vector<Point>& points, const char* first) {
  for (const Point& point : points) {
    fmt::format_to(std::back_inserter(out), "{}{:.1f} {:.1f}", first, point.x, point.y);
    first = "L";
  }
}

}  // namespace

std::string escape_markup(const std::string& text) {
  std::string escaped;
  for (const char letter : printable(text, true)) switch (letter) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += letter;
    }
  return escaped;
}

SvgWriter::SvgWriter(double width, const std::string& title, const std::string& description, const std::string& style)
    : head_(fmt::format("<title>{}</title>\n<desc>{}</desc>\n<style>\n{}</style>\n", escape_markup(title),
                        escape_markup(description), style)),
      width_(width) {}

void SvgWriter::line(Point from, Point to, const std::string& classes) {
  body_ +=
      fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/>\n", classes, from.x, from.y, to.x, to.y);
}

void SvgWriter::box(const Box& box, const std::string& classes, double radius) {
  body_ +=
      fmt::format("<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"{:.1f}\"/>\n",
                  classes, box.x, box.y, box.width, box.height, radius);
}

void SvgWriter::path(const std::string& commands, const std::string& classes) {
  body_ += fmt::format("<path class=\"{}\" d=\"{}\"/>\n", classes, commands);
}

void SvgWriter::text(Point at, const std::string& classes, const std::string& content) {
  body_ += fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", classes, at.x, at.y,
                       escape_markup(content));
}

void SvgWriter::polyline(const std::vector<Point>& points, const std::string& classes) {
  if (points.empty()) return;
  body_ += fmt::format("<path class=\"{}\" d=\"", classes);
  append_points(body_, points, "M");
  body_ += "\"/>\n";
}

void SvgWriter::area(const std::vector<Point>& upper, const std::vector<Point>& lower, const std::string& classes) {
  if (upper.empty()) return;
  body_ += fmt::format("<path class=\"{}\" d=\"", classes);
  append_points(body_, upper, "M");
  append_points(body_, {lower.rbegin(), lower.rend()}, "L");
  body_ += "Z\"/>\n";
}

std::string SvgWriter::finish(double height) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
      "role=\"img\">\n{2}{3}</svg>\n",
      width_, height, head_, body_);
}

}  // namespace neap
