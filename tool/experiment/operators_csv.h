// The CSV that relay operators collect by cron: one row per relay and collection, by name and with its RSS. Columns are
// found by their titles: timestamp, type, nickname and rss_kb are needed, others are passed over, as are the rows of
// type `aggregate`, which sum up a collection.
#pragma once
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "tool/model/experiment.h"

namespace neap {

// Nickname to group, from the operators' group files: a nickname a line.
using GroupMembers = std::map<std::string, std::string>;

// Adds the nicknames of one group. Throws UsageFailure for one that is in a group already.
void read_group_file(std::istream& file, const std::string& path, const std::string& group, GroupMembers& members);

struct ImportCount {
  std::size_t readings = 0;
  std::size_t aggregates = 0;  // rows passed over
  std::size_t outside = 0;     // rows of instances in no group
};

// Adds the readings of one file to the experiment. Without members every instance belongs to the experiment's one
// group. Throws UsageFailure with the line's number for what is no such file.
ImportCount read_operators_csv(std::istream& file, const std::string& path, const GroupMembers& members,
                               Experiment& experiment);

// Readings in order of time, whatever the order of the files. Throws UsageFailure for one that is there twice.
void sort_readings(Experiment& experiment);

}  // namespace neap
