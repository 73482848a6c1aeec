// ProcessTree: the program under measurement and its descendants, as a set of readers that follows forks and exits.
// One per recording, used by the recorder's thread alone.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "tool/measure/budget.h"
#include "tool/measure/process_reader.h"
#include "tool/model/sink.h"

namespace neap {

struct TreeOptions {
  double budget_percent;          // of a core: bounds what sampling may cost
  Seconds least_detail_interval;  // between two readings of PSS of one process
  bool adopts;                    // orphans that came to this process, a child subreaper, are descendants too
  std::function<std::vector<pid_t>()> find = {};  // who belongs to it beside the root and its descendants: a unit's
};

class ProcessTree {
 public:
  // `root` 0: those that `find` tells, who may come and go.
  ProcessTree(pid_t root, Seconds started, const TreeOptions& options);

  // One look at every process. False when none is left.
  bool sample_into(SampleSink& sink);

  Bytes last_rss() const { return last_rss_; }
  Bytes peak_rss() const { return peak_rss_; }
  std::uint64_t looks() const { return looks_; }  // that saw a process
  std::size_t most_processes() const { return most_processes_; }
  pid_t oldest() const { return members_.empty() ? 0 : members_.front().process.pid; }  // the one that others came from
  // Share of the samples that hold PSS and its neighbours: how often these were read.
  double detail_share() const {
    return sample_count_ == 0 ? 0 : static_cast<double>(detail_reads_) / static_cast<double>(sample_count_);
  }

 private:
  struct Member {
    Process process;
    std::unique_ptr<ProcessReader> reader;
    std::uint32_t threads = 0;  // at the last look; 0: not yet known
    Seconds detail_cost{};
    Seconds detail_read{-1};
    std::optional<std::uint64_t> telemetry_address;
    Seconds telemetry_next_search{};
    Seconds telemetry_patience{0.05};
  };

  bool root_is_there() const;
  void discover();
  void read_basics();
  void read_details();
  void hand_over(SampleSink& sink);
  void add_member(pid_t pid);
  void read_live(Member& member, Sample& sample);
  bool is_member(pid_t pid) const;

  pid_t root_;
  Seconds started_;
  TreeOptions options_;
  std::int64_t next_id_ = 1;
  std::vector<Member> members_;
  std::vector<Sample> samples_;  // of this tick
  CpuBudget basic_budget_;
  CpuBudget detail_budget_;
  Seconds discovery_cost_{};
  Bytes last_rss_;
  Bytes peak_rss_;
  std::uint64_t looks_ = 0;
  std::size_t most_processes_ = 0;
  std::uint64_t sample_count_ = 0;
  std::uint64_t detail_reads_ = 0;
};

}  // namespace neap
