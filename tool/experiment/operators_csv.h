// The CSV that relay operators collect by cron: one row per relay and collection, by name and with its RSS. Columns are
// found by their titles: timestamp, type, nickname and rss_kb are needed; server and fingerprint tell relays of one
// name apart; others are passed over, as are the rows of type `aggregate`, which sum up a collection.
#pragma once
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tool/experiment/experiment.h"

namespace neap {

// Nickname to group, from the operators' group files: a nickname a line.
using GroupMembers = std::map<std::string, std::string>;

// Adds the nicknames of one group. Throws UsageFailure for one that is in a group already.
void read_group_file(std::istream& file, const std::string& path, const std::string& group, GroupMembers& members);

struct Relay {
  std::string server, nickname, fingerprint;
};

// A relay is known by its server and fingerprint; a row without one by its server and nickname.
class KnownRelays {
 public:
  std::optional<std::size_t> find(const Relay& relay);
  void add(const Relay& relay, std::size_t instance);

 private:
  struct Named {
    std::size_t instance = 0;
    bool has_fingerprint = false;
  };
  std::map<std::pair<std::string, std::string>, std::size_t> by_fingerprint_;
  std::map<std::pair<std::string, std::string>, Named> by_nickname_;
};

struct ImportCount {
  std::size_t readings = 0;
  std::size_t aggregates = 0;  // rows passed over
  std::size_t outside = 0;     // rows of instances in no group
};

// Adds the readings of one file to the experiment. Without members every instance belongs to the experiment's one
// group. Throws UsageFailure with the line's number for what is no such file.
ImportCount read_operators_csv(std::istream& file, const std::string& path, const GroupMembers& members,
                               KnownRelays& known, Experiment& experiment);

// Readings in order of time, whatever the order of the files. Throws UsageFailure for one that is there twice.
void sort_readings(Experiment& experiment);

}  // namespace neap
