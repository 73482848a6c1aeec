// Experiment: the instances of a service in groups, one allocator a group, and their memory over days. Every
// other file of this room assigns, keeps, compares or shows one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tool/model/moment.h"
#include "tool/model/units.h"

namespace neap {

// One unit, such as tor@relay1.service: what is assigned to a group at random, and so what statistics count.
struct Instance {
  std::string name;
  std::string group;
  std::optional<Moment> switched_at;
  std::string host = {};  // empty where all are of one
};

// As a person reads it.
inline std::string name_of(const Instance& instance) {
  return instance.host.empty() ? instance.name : instance.host + "/" + instance.name;
}

struct Reading {
  Moment at;  // the same for all readings of one collection
  std::size_t instance = 0;
  Bytes rss;                        // sum over the unit's processes
  std::optional<bool> as_assigned;  // whether it ran on its group's allocator; empty where that could not be told
};

struct Experiment {
  std::string name;
  std::string origin;               // the units or files it came from
  std::vector<std::string> groups;  // allocators, in the order of the reports
  std::uint64_t seed = 0;           // of the assignment
  Moment created;
  std::vector<Instance> instances;
  std::vector<Reading> readings;  // ordered by time
};

// A group's mean over its instances, with the interval that holds the true mean in 95 of 100 experiments.
struct Interval {
  double low = 0;
  double high = 0;
};

struct Estimate {
  double mean = 0;
  std::optional<Interval> interval;  // empty where there are too few instances to tell
  std::size_t instances = 0;
};

struct GroupFigures {
  std::string label;
  std::size_t instances = 0;
  std::optional<Estimate> whole;  // bytes; over the days of the window
  std::optional<Estimate> last;   // bytes; each instance's last reading in the last 24 hours
  std::optional<Estimate> ratio;  // of `last` to the baseline's
  double highest = 0;             // bytes; highest mean of a day
  std::vector<std::optional<Estimate>> days;
  std::string remark;
};

// One instance of an experiment over hosts, reduced to a figure: bytes, or CPU seconds, or bytes of traffic.
struct Outcome {
  std::string host;
  std::string group;
  double value = 0;
  std::optional<double> before;  // the same figure before the switch
};

// A group against the baseline, compared within each host that has both.
struct Effect {
  std::string quantity;
  std::string group;
  double ratio = 1;
  Interval interval;
  double level = 0.95;           // of the interval
  std::optional<double> chance;  // how often shuffling within hosts gives as much; of the quantity in question alone
  std::size_t hosts = 0, instances = 0;
  bool adjusted = false;  // for the memory before the switch
};

// Events in a group against those in the baseline: restarts, OOM kills.
struct EventCount {
  std::string quantity;
  std::string group;
  double events = 0, baseline_events = 0;
  double chance = 1;  // of as many or more in the group, were it like the baseline
};

struct HostComparison {
  std::vector<Effect> effects;
  std::vector<EventCount> events;
  std::size_t look = 1, looks = 1;
};

struct ExperimentFigures {
  std::string title;
  std::string baseline;
  Moment from;
  Moment until;
  std::size_t collections = 0;
  std::size_t resamples = 0;
  std::vector<GroupFigures> groups;
  std::optional<HostComparison> within_hosts;  // of an experiment over two hosts or more
};

}  // namespace neap
