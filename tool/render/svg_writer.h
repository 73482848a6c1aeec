// SvgWriter: elements of an SVG file as text. Knows numbers, escaping and nothing of charts.
#pragma once
#include <string>
#include <vector>

namespace neap {

struct Point {
  double x = 0;
  double y = 0;
};

struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
  double right() const { return x + width; }
  double bottom() const { return y + height; }
};

std::string escape_markup(const std::string& text);  // for XML and HTML, attributes included

class SvgWriter {
 public:
  SvgWriter(double width, const std::string& title, const std::string& description, const std::string& style);

  void line(Point from, Point to, const std::string& classes);
  void box(const Box& box, const std::string& classes, double radius = 0);
  void path(const std::string& commands, const std::string& classes);
  void text(Point at, const std::string& classes, const std::string& content);
  void polyline(const std::vector<Point>& points, const std::string& classes);
  void area(const std::vector<Point>& upper, const std::vector<Point>& lower, const std::string& classes);
  std::string finish(double height);

 private:
  std::string head_;
  std::string body_;
  double width_;
};

}  // namespace neap
