#include "tool/measure/process_tree.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <numeric>

#include "tool/inspect/mappings.h"

namespace neap {
namespace {

// The share of the whole budget for cheap reads: those of a hundred processes fit into a quarter. PSS of large
// processes takes the rest.
constexpr double basic_share = 0.25;
constexpr Seconds basic_capacity{0.05};
constexpr Seconds detail_capacity{0.1};
constexpr Seconds longest_telemetry_patience{60};

std::vector<pid_t> children_of_this_process() { return ProcessReader(::getpid()).read_children(true); }

}  // namespace

ProcessTree::ProcessTree(pid_t root, Seconds started, const TreeOptions& options)
    : root_(root),
      started_(started),
      options_(options),
      basic_budget_(options.budget_percent * basic_share, basic_capacity),
      detail_budget_(options.budget_percent * (1 - basic_share), detail_capacity) {
  if (root > 0) add_member(root);
}

bool ProcessTree::is_member(pid_t pid) const {
  return std::any_of(members_.begin(), members_.end(),
                     [pid](const Member& member) { return member.process.pid == pid; });
}

void ProcessTree::add_member(pid_t pid) {
  Member member;
  member.reader = std::make_unique<ProcessReader>(pid);
  member.process.id = next_id_++;
  member.process.pid = pid;
  member.process.first_seen = monotonic_now() - started_;
  members_.push_back(std::move(member));
}

// Whether the recorded process may still run, without a look at it.
bool ProcessTree::root_is_there() const {
  return !members_.empty() && (root_ == 0 || ::kill(root_, 0) == 0 || errno == EPERM);
}

void ProcessTree::discover() {
  std::vector<pid_t> found;
  if (options_.adopts) found = children_of_this_process();
  if (options_.find) {
    for (const pid_t pid : options_.find())
      if (!is_member(pid)) add_member(pid);
  }
  for (std::size_t at = 0; at < members_.size(); ++at) {  // grows while it is walked: grandchildren follow
    const auto children = members_[at].reader->read_children(members_[at].threads != 1);
    for (const pid_t child : children)
      if (!is_member(child)) add_member(child);
  }
  for (const pid_t child : found)
    if (!is_member(child)) add_member(child);
}

void ProcessTree::read_live(Member& member, Sample& sample) {
  if (!member.telemetry_address) {
    if (sample.at < member.telemetry_next_search) return;
    member.telemetry_address = find_telemetry(member.process.pid);
    member.telemetry_next_search = sample.at + member.telemetry_patience;
    member.telemetry_patience = std::min(longest_telemetry_patience, Seconds{member.telemetry_patience.count * 2});
    if (!member.telemetry_address) return;
  }
  const auto telemetry = read_telemetry(member.process.pid, *member.telemetry_address);
  if (!telemetry || telemetry->magic != NEAP_TELEMETRY_MAGIC) {
    member.telemetry_address.reset();  // it has become another program by exec
    return;
  }
  sample.live = Bytes{telemetry->small_bytes + telemetry->large_bytes};
  sample.heap_resident = Bytes{telemetry->resident_bytes};
}

// Reads what is cheap of every process and drops those that are gone: samples_[i] belongs to members_[i] afterwards.
void ProcessTree::read_basics() {
  samples_.clear();
  const Seconds at = monotonic_now() - started_;
  std::erase_if(members_, [&](Member& member) {
    Sample sample;
    sample.at = at;
    sample.process = member.process.id;
    if (!member.reader->read_basics(sample)) return true;
    member.threads = sample.threads;
    read_live(member, sample);
    samples_.push_back(sample);
    return false;
  });
}

// The process that has waited longest is read first, and others follow until the budget is used up.
void ProcessTree::read_details() {
  std::vector<std::size_t> order(members_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [this](std::size_t a, std::size_t b) { return members_[a].detail_read < members_[b].detail_read; });
  for (const std::size_t at : order) {
    Member& member = members_[at];
    const bool too_soon = samples_[at].at - member.detail_read < options_.least_detail_interval;
    if (too_soon || !detail_budget_.allows(member.detail_cost)) return;
    member.detail_cost = detail_budget_.charge([&] { member.reader->read_details(samples_[at]); });
    member.detail_read = samples_[at].at;
    ++detail_reads_;
  }
}

void ProcessTree::hand_over(SampleSink& sink) {
  last_rss_ = {};
  for (std::size_t at = 0; at < samples_.size(); ++at) {
    Member& member = members_[at];
    last_rss_ += samples_[at].rss;
    peak_rss_ = std::max(peak_rss_, samples_[at].peak_rss);
    if (member.process.name != member.reader->name()) {  // first seen, or another program by exec
      member.process.name = member.reader->name();
      member.process.parent_pid = member.reader->parent_pid();
      sink.add(member.process);
    }
    sink.add(samples_[at]);
  }
  peak_rss_ = std::max(peak_rss_, last_rss_);
  most_processes_ = std::max(most_processes_, samples_.size());
  if (!samples_.empty()) ++looks_;
  sample_count_ += samples_.size();
}

bool ProcessTree::sample_into(SampleSink& sink) {
  // Too many processes for the budget: the interval grows, and the recording's end tells to what.
  if (!basic_budget_.allows({})) return root_is_there();
  if (basic_budget_.allows(discovery_cost_)) discovery_cost_ = basic_budget_.charge([this] { discover(); });
  basic_budget_.charge([this] { read_basics(); });
  read_details();
  basic_budget_.charge([&] { hand_over(sink); });
  return !members_.empty();
}

}  // namespace neap
