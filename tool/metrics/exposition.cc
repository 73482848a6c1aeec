#include "tool/metrics/exposition.h"

#include <fmt/format.h>

#include <iterator>

namespace neap {
namespace {

enum class Quotes { kept, escaped };

std::string escaped(const std::string& text, Quotes quotes) {
  std::string out;
  for (const char letter : text) {
    if (letter == '\\')
      out += "\\\\";
    else if (letter == '\n')
      out += "\\n";
    else if (letter == '"' && quotes == Quotes::escaped)
      out += "\\\"";
    else
      out += letter;
  }
  return out;
}

const char* suffix_of(MetricType type) {
  switch (type) {
    case MetricType::counter:
      return "_total";
    case MetricType::info:
      return "_info";
    case MetricType::gauge:
      break;
  }
  return "";
}

// Prometheus' own format has no type `info`: there it is a gauge of 1.
const char* type_name(MetricType type, Exposition exposition) {
  if (type == MetricType::counter) return "counter";
  return type == MetricType::info && exposition == Exposition::openmetrics ? "info" : "gauge";
}

std::string labels_of(const MetricSample& sample) {
  std::string text;
  for (const MetricLabel& label : sample.labels)
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", label.name, escaped(label.value, Quotes::escaped));
  return text.empty() ? text : "{" + text + "}";
}

void write_family(const MetricFamily& family, Exposition exposition, std::string& out) {
  const bool open = exposition == Exposition::openmetrics;
  const std::string series = family.name + suffix_of(family.type);
  const std::string& title = open ? family.name : series;
  const auto end = std::back_inserter(out);
  fmt::format_to(end, "# HELP {} {}\n", title, escaped(family.help, open ? Quotes::escaped : Quotes::kept));
  fmt::format_to(end, "# TYPE {} {}\n", title, type_name(family.type, exposition));
  if (open && !family.unit.empty()) fmt::format_to(end, "# UNIT {} {}\n", title, family.unit);
  for (const MetricSample& sample : family.samples)
    fmt::format_to(end, "{}{} {}\n", series, labels_of(sample), sample.value);
}

}  // namespace

std::string render_metrics(const std::vector<MetricFamily>& families, Exposition exposition) {
  std::string out;
  for (const MetricFamily& family : families)
    if (!family.samples.empty()) write_family(family, exposition, out);
  if (exposition == Exposition::openmetrics) out += "# EOF\n";
  return out;
}

}  // namespace neap
