// An experiment on disk: one SQLite file. Tables: fact (name, value), instance, reading. Every change is one
// transaction: a crash leaves the old or the new state, and two collections at once wait for each other.
#pragma once
#include <string>
#include <vector>

#include "tool/experiment/experiment.h"
#include "tool/model/file_kind.h"
#include "tool/store/sqlite.h"

namespace neap {

inline constexpr std::int64_t experiment_version = 2;  // 1 had no hosts

// The whole file or none; refuses an existing one.
void create_experiment(const std::string& path, const Experiment& experiment);

// Throws UsageFailure when there is none at the path.
Experiment read_experiment(const std::string& path);
Experiment read_assignment(const std::string& path);  // without its readings

class ExperimentFile {
 public:
  explicit ExperimentFile(const std::string& path);
  void mark_switched(std::size_t instance, Moment at);
  void add(const std::vector<Reading>& readings);

 private:
  Database database_;
};

}  // namespace neap
