// Experiment: the instances of a service in groups, one allocator a group, and their memory over days. Assigned by
// tool/experiment, kept by tool/store, shown by tool/render.
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
};

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

struct ExperimentFigures {
  std::string title;
  std::string baseline;
  Moment from;
  Moment until;
  std::size_t collections = 0;
  std::size_t resamples = 0;
  std::vector<GroupFigures> groups;
};

}  // namespace neap
