// Exposition: metric families as text, in the two formats that Prometheus reads: its own (exposition format 0.0.4,
// which node_exporter's textfile collector takes) and OpenMetrics 1.0. Pure. prometheus-cpp writes the first alone.
#pragma once
#include <string>
#include <vector>

namespace neap {

enum class MetricType { gauge, counter, info };
enum class Exposition { prometheus, openmetrics };

struct MetricLabel {
  std::string name, value;
};

struct MetricSample {
  std::vector<MetricLabel> labels;
  double value = 0;
};

struct MetricFamily {
  std::string name;  // without the _total of a counter and the _info of an info
  MetricType type = MetricType::gauge;
  std::string unit;  // "bytes", "seconds" or nothing; the name ends in it
  std::string help;
  std::vector<MetricSample> samples;
};

// Families without a sample are left out.
std::string render_metrics(const std::vector<MetricFamily>& families, Exposition exposition);

}  // namespace neap
