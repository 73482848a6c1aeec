// The two text formats, held against the readers that count: promtool, and the strict parser of Prometheus' Python
// client.
#include "tool/metrics/exposition.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "tool/metrics/families.h"

namespace neap {
namespace {

bool is_installed(const char* command) { return std::system(command) == 0; }

const char* const open_parser =
    "/usr/bin/python3 -c 'import sys; from prometheus_client.openmetrics.parser import text_string_to_metric_families "
    "as parse; "
    "list(parse(sys.stdin.read()))'";

// How the reader ends; what it complains of goes to the test's log.
int fed_to(const std::string& reader, const std::string& text) {
  FILE* pipe = ::popen((reader + " 2>&1").c_str(), "w");
  std::fwrite(text.data(), 1, text.size(), pipe);
  return ::pclose(pipe);
}

std::vector<MetricFamily> awkward() {
  return {{"neap_unit",
           MetricType::info,
           "",
           "A \"service\"\\\nof two lines.",
           {{{{"unit", "a\\x2db\"c\nd.service"}, {"group", ""}}, 1}}},
          {"neap_cpu_seconds", MetricType::counter, "seconds", "CPU.", {{{{"unit", "x"}}, 0.125}}},
          {"neap_live_bytes",
           MetricType::gauge,
           "bytes",
           "Live.",
           {{{{"unit", "x"}}, 4398046511103}, {{{"unit", "y"}}, 0}}},
          {"neap_empty_bytes", MetricType::gauge, "bytes", "None.", {}}};
}

HostMetrics full_host() {
  HostMetrics host;
  UnitMetrics unit;
  unit.unit = "tor@relay\\x2d1.service";
  unit.memory = {Bytes{7}, Bytes{6}, Bytes{5}, true, std::array<std::uint64_t, telemetry_figures>{1, 2, 3}};
  unit.control_group = {Bytes{1}, Bytes{2}, Bytes{3}, Bytes{4}, 5, Seconds{6.5}};
  unit.failed = false;
  unit.restarts = 3;
  unit.started = unit.switched = Moment{1767225600};
  host.units = {unit};
  host.switches = {{"tor@.service", "neap", "on", {1767225600}, Bytes{100}, true}};
  host.slices = {{"system-tor.slice", 2}};
  return host;
}

TEST(Exposition, PrometheusText) {
  EXPECT_EQ(render_metrics(awkward(), Exposition::prometheus),
            "# HELP neap_unit_info A \"service\"\\\\\\nof two lines.\n"
            "# TYPE neap_unit_info gauge\n"
            "neap_unit_info{unit=\"a\\\\x2db\\\"c\\nd.service\",group=\"\"} 1\n"
            "# HELP neap_cpu_seconds_total CPU.\n"
            "# TYPE neap_cpu_seconds_total counter\n"
            "neap_cpu_seconds_total{unit=\"x\"} 0.125\n"
            "# HELP neap_live_bytes Live.\n"
            "# TYPE neap_live_bytes gauge\n"
            "neap_live_bytes{unit=\"x\"} 4398046511103\n"
            "neap_live_bytes{unit=\"y\"} 0\n");
}

TEST(Exposition, OpenMetrics) {
  const std::string text = render_metrics(awkward(), Exposition::openmetrics);
  EXPECT_NE(text.find("# HELP neap_unit A \\\"service\\\"\\\\\\nof two lines.\n# TYPE neap_unit info\nneap_unit_info{"),
            std::string::npos);
  EXPECT_NE(text.find("# TYPE neap_cpu_seconds counter\n# UNIT neap_cpu_seconds seconds\nneap_cpu_seconds_total{"),
            std::string::npos);
  EXPECT_TRUE(text.ends_with("# EOF\n"));
}

TEST(Exposition, ReadersAcceptEveryFamily) {
  if (!is_installed("command -v promtool >/dev/null")) GTEST_SKIP() << "no promtool";
  EXPECT_EQ(fed_to("promtool check metrics", render_metrics(families_of(full_host()), Exposition::prometheus)), 0);
  if (!is_installed("/usr/bin/python3 -c 'import prometheus_client' 2>/dev/null"))
    GTEST_SKIP() << "no python3-prometheus-client";
  EXPECT_EQ(fed_to(open_parser, render_metrics(families_of(full_host()), Exposition::openmetrics)), 0);
  EXPECT_EQ(fed_to(open_parser, render_metrics(awkward(), Exposition::openmetrics)), 0);
  EXPECT_NE(fed_to(open_parser, "neap_unit_info 1\n"), 0);  // it does look
}

TEST(Exposition, EveryFigureIsWritten) {
  for (const MetricFamily& family : families_of(full_host())) EXPECT_EQ(family.samples.size(), 1U) << family.name;
  for (const MetricFamily& family : families_of(HostMetrics{}))  // a host without a service
    EXPECT_EQ(family.samples.empty(), family.name != "neap_build" && family.name != "neap_scan_duration_seconds");
}

}  // namespace
}  // namespace neap
