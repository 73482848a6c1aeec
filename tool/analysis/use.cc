#include "tool/analysis/use.h"

#include <algorithm>
#include <map>

namespace neap {
namespace {

// One account as signed numbers: seconds, faults without and with I/O.
struct Account {
  double cpu = 0, minor = 0, major = 0;
  Account& operator+=(const Account& other) {
    cpu += other.cpu, minor += other.minor, major += other.major;
    return *this;
  }
  Account operator-(const Account& other) const { return {cpu - other.cpu, minor - other.minor, major - other.major}; }
  Account at_least_nothing() const { return {std::max(cpu, 0.0), std::max(minor, 0.0), std::max(major, 0.0)}; }
};

Account own(const Sample& sample) {
  return {sample.user.count + sample.system.count, static_cast<double>(sample.minor_faults),
          static_cast<double>(sample.major_faults)};
}

Account of_children(const Sample& sample) {
  return {sample.children_user.count + sample.children_system.count, static_cast<double>(sample.children_minor_faults),
          static_cast<double>(sample.children_major_faults)};
}

struct Life {
  const Sample* first;
  const Sample* last;
  bool born_within;  // all it used belongs to the run
};

std::map<std::int64_t, Life> lives_of(const Run& run) {
  std::map<std::int64_t, Life> lives;
  for (const Sample& sample : run.samples) {
    const bool born = !run.facts.joined || sample.at > run.samples.front().at;
    lives.try_emplace(sample.process, Life{&sample, &sample, born}).first->second.last = &sample;
  }
  return lives;
}

// The process that waits for this one; 0 where no process of the run does.
std::int64_t parent_of(const Run& run, std::int64_t process) {
  const auto is_it = [&](const Process& each) { return each.id == process; };
  const auto child = std::find_if(run.processes.begin(), run.processes.end(), is_it);
  if (child == run.processes.end()) return 0;
  std::int64_t parent = 0;  // a pid that came back: the latest of its owners that is older than the child
  for (const Process& each : run.processes)
    if (each.pid == child->parent_pid && each.id < process) parent = each.id;
  return parent;
}

}  // namespace

// Once a child was waited for, all that it used is in its parent's account of children. What it had used at the last
// look is summed up already. So that account adds only what came after that look, and the children that nobody saw.
Use use_of(const Run& run) {
  Account sum;
  const std::map<std::int64_t, Life> lives = lives_of(run);
  std::map<std::int64_t, Account> seen_of_ended_children;
  for (const auto& [process, life] : lives) {
    sum += life.born_within ? own(*life.last) : own(*life.last) - own(*life.first);
    const auto parent = lives.find(parent_of(run, process));
    if (parent == lives.end() || parent->second.last->at <= life.last->at) continue;
    Account& seen = seen_of_ended_children[parent->first];
    seen += own(*life.last);
    seen += of_children(*life.last);
  }
  for (const auto& [process, life] : lives) {
    const Account children =
        life.born_within ? of_children(*life.last) : of_children(*life.last) - of_children(*life.first);
    sum += (children - seen_of_ended_children[process]).at_least_nothing();
  }
  const Account use = sum.at_least_nothing();
  return {{use.cpu}, static_cast<std::uint64_t>(use.minor), static_cast<std::uint64_t>(use.major)};
}

}  // namespace neap
