#include "tool/metrics/families.h"

#include <fmt/core.h>

#include <array>

#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

constexpr double number(Bytes bytes) { return static_cast<double>(bytes.count); }
constexpr double number(Seconds seconds) { return seconds.count; }
constexpr double number(Moment moment) { return static_cast<double>(moment.unix_s); }
constexpr double number(std::uint64_t count) { return static_cast<double>(count); }
constexpr double number(bool truth) { return truth ? 1 : 0; }

template <class Value>
std::optional<double> told(const std::optional<Value>& value) {
  if (!value) return std::nullopt;
  return number(*value);
}

template <auto member>
std::optional<double> of_unit(const UnitMetrics& unit) {
  return told(unit.*member);
}

template <auto member>
std::optional<double> of_memory(const UnitMetrics& unit) {
  return told(unit.memory.*member);
}

template <auto member>
std::optional<double> of_group(const UnitMetrics& unit) {
  return told(unit.control_group.*member);
}

std::optional<double> process_count(const UnitMetrics& unit) { return static_cast<double>(unit.processes); }

struct UnitFigure {
  const char* name;
  MetricType type;
  const char* unit;
  const char* help;
  std::optional<double> (*get)(const UnitMetrics&);
};

constexpr auto gauge = MetricType::gauge;
constexpr auto counter = MetricType::counter;

constexpr std::array unit_figures = {
    UnitFigure{"neap_unit_processes", gauge, "", "Processes in the control group of the service.", process_count},
    UnitFigure{
        "neap_unit_failed", gauge, "",
        "1 where systemd gave the service up: its start failed, or it crashed too often. A stop by hand is none.",
        of_unit<&UnitMetrics::failed>},
    UnitFigure{"neap_unit_resident_bytes", gauge, "bytes",
               "Resident memory, the sum over the processes; pages that several of them share count once for each.",
               of_memory<&UnitMemory::resident>},
    UnitFigure{
        "neap_unit_proportional_bytes", gauge, "bytes",
        "Resident memory with shared pages divided among those who share them (PSS): sums over services are true.",
        of_memory<&UnitMemory::proportional>},
    UnitFigure{"neap_unit_swap_bytes", gauge, "bytes", "Memory of the processes that is swapped out.",
               of_memory<&UnitMemory::swap>},
    UnitFigure{"neap_unit_cgroup_anon_bytes", gauge, "bytes",
               "Anonymous memory charged to the control group and those below it: heaps and stacks.",
               of_group<&UnitControlGroup::anonymous>},
    UnitFigure{"neap_unit_cgroup_file_bytes", gauge, "bytes",
               "Page cache charged to the control group and those below it.", of_group<&UnitControlGroup::file>},
    UnitFigure{"neap_unit_cgroup_peak_bytes", gauge, "bytes", "Highest charge since the control group was made.",
               of_group<&UnitControlGroup::peak>},
    UnitFigure{"neap_unit_cgroup_max_bytes", gauge, "bytes",
               "Limit of the control group (MemoryMax=), where one is set.", of_group<&UnitControlGroup::limit>},
    UnitFigure{"neap_unit_library_stale", gauge, "",
               "1 where a process runs an allocator's library that was replaced on disk since it started: restart it.",
               of_memory<&UnitMemory::library_stale>},
    UnitFigure{"neap_unit_cpu_seconds", counter, "seconds", "CPU time of the control group since the service started.",
               of_group<&UnitControlGroup::cpu>},
    UnitFigure{"neap_unit_restarts", counter, "", "Restarts by systemd itself since the service was started by hand.",
               of_unit<&UnitMetrics::restarts>},
    UnitFigure{"neap_unit_oom_kills", counter, "",
               "Processes of the service that the kernel killed for want of memory since the service started.",
               of_group<&UnitControlGroup::oom_kills>},
    UnitFigure{"neap_unit_start_time_seconds", gauge, "seconds", "When the service became active, since 1970.",
               of_unit<&UnitMetrics::started>},
    UnitFigure{"neap_unit_switch_time_seconds", gauge, "seconds", "When neap switched the service, since 1970.",
               of_unit<&UnitMetrics::switched>},
};

// "tor@.service" of "tor@relay1.service"; a plain service has neither.
MetricSample info_of(const UnitMetrics& unit) {
  const UnitInstance parts = parts_of_instance(unit.unit);
  return {{{"unit", unit.unit},
           {"template", parts.template_name},
           {"unit_instance", parts.instance},
           {"configured", unit.configured},
           {"running", unit.running},
           {"state", unit.state},
           {"experiment", unit.experiment},
           {"group", unit.group}},
          1};
}

// A figure of libneap's telemetry, over the units that have processes on libneap.
MetricFamily family_of(const HostMetrics& host, std::size_t index) {
  const TelemetryFigure& figure = telemetry_table[index];
  MetricFamily family{fmt::format("neap_unit_{}", figure.metric),
                      figure.grows ? counter : gauge,
                      figure.unit == FigureUnit::bytes ? "bytes" : "",
                      fmt::format("Of the service's processes on libneap: {}.", figure.help),
                      {}};
  for (const UnitMetrics& unit : host.units)
    if (unit.memory.telemetry)
      family.samples.push_back({{{"unit", unit.unit}}, number((*unit.memory.telemetry)[index])});
  return family;
}

void add_units(const HostMetrics& host, std::vector<MetricFamily>& families) {
  MetricFamily info{"neap_unit",
                    MetricType::info,
                    "",
                    "A service: the allocator that neap configured, the one that runs, and the state that neap status "
                    "tells; its experiment and its group there.",
                    {}};
  for (const UnitMetrics& unit : host.units) info.samples.push_back(info_of(unit));
  families.push_back(std::move(info));
  for (const UnitFigure& figure : unit_figures) {
    MetricFamily family{figure.name, figure.type, figure.unit, figure.help, {}};
    for (const UnitMetrics& unit : host.units)
      if (const auto value = figure.get(unit)) family.samples.push_back({{{"unit", unit.unit}}, *value});
    families.push_back(std::move(family));
  }
  for (std::size_t i = 0; i < telemetry_figures; ++i)
    if (telemetry_table[i].metric != nullptr) families.push_back(family_of(host, i));
}

void add_switches(const HostMetrics& host, std::vector<MetricFamily>& families) {
  MetricFamily info{
      "neap_switch", MetricType::info, "", "A switch that neap made: its target, allocator and state.", {}};
  MetricFamily at{"neap_switch_time_seconds", gauge, "seconds", "When neap switched the target, since 1970.", {}};
  MetricFamily before{"neap_switch_resident_before_bytes",
                      gauge,
                      "bytes",
                      "Resident memory of the target's processes right before its switch.",
                      {}};
  MetricFamily complete{
      "neap_switch_complete",
      gauge,
      "",
      "1 where the command that made the switch went to its end; 0: it was cut off, or is at work yet.",
      {}};
  for (const SwitchMetrics& each : host.switches) {
    info.samples.push_back({{{"target", each.target}, {"allocator", each.allocator}, {"state", each.state}}, 1});
    if (each.at.unix_s > 0) at.samples.push_back({{{"target", each.target}}, number(each.at)});
    if (each.complete) complete.samples.push_back({{{"target", each.target}}, number(*each.complete)});
    if (each.resident_before) before.samples.push_back({{{"target", each.target}}, number(*each.resident_before)});
  }
  for (MetricFamily* family : {&info, &at, &complete, &before}) families.push_back(std::move(*family));
}

}  // namespace

std::vector<MetricFamily> families_of(const HostMetrics& host) {
  std::vector<MetricFamily> families;
  families.push_back(
      {"neap_build", MetricType::info, "", "The version of neap that wrote this.", {{{{"version", NEAP_VERSION}}, 1}}});
  add_units(host, families);
  add_switches(host, families);
  MetricFamily slices{"neap_slice_oom_kills",
                      counter,
                      "",
                      "Processes below the slice that the kernel killed for want of memory since the slice was made.",
                      {}};
  for (const SliceMetrics& slice : host.slices)
    slices.samples.push_back({{{"slice", slice.slice}}, number(slice.oom_kills)});
  families.push_back(std::move(slices));
  families.push_back({"neap_scan_duration_seconds",
                      gauge,
                      "seconds",
                      "How long it took to read all of this.",
                      {{{}, number(host.scan)}}});
  return families;
}

}  // namespace neap
