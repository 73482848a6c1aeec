#include "tool/observe/observation.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "tool/observe/health.h"

namespace neap {
namespace {

using namespace std::chrono_literals;

constexpr auto between_looks = 100ms;
constexpr auto start_patience = 10min;    // systemd's own TimeoutStartSec= ends most starts earlier
constexpr auto allocation_patience = 5s;  // a process serves its first call within milliseconds of its start

bool is_up(const UnitState& unit) { return unit.active_state == "active" || unit.active_state == "reloading"; }

std::string in_brackets(const std::string& result) {
  return result.empty() || result == "success" ? "" : fmt::format(" ({})", result);
}

std::string why_down(const UnitState& unit) {
  if (unit.result.empty() || unit.result == "success") return fmt::format("it is {}", unit.active_state);
  return fmt::format("it failed ({})", unit.result);
}

std::string describe(const std::vector<Misfit>& all, const Allocator& allocator) {
  const Misfit& first = all.front();
  std::string text = fmt::format("process {} ({}) does not run {}: {}", first.process.pid, first.process.command,
                                 allocator.label, first.verification.reason);
  if (all.size() > 1) text += fmt::format(", and {} more", all.size() - 1);
  return text;
}

}  // namespace

Observation::Observation(Manager& manager, std::string unit, const Allocator* allocator, Seconds time)
    : manager_(manager), unit_(std::move(unit)), allocator_(allocator), time_(time), before_(manager.state(unit_)) {
  const std::vector<UnitProcess> processes = manager.processes(unit_);
  older_ = identities(processes);
  kept_workers_ = keeps_workers(before_.main_process, workers_of(before_.main_process, processes));
}

void Observation::begin() {
  begin_ = Clock::now();
  manager_.restart(unit_);
}

void Observation::end(std::string why) {
  why_ = std::move(why);
  phase_ = Phase::over;
}

void Observation::look() {
  const UnitState state = manager_.state(unit_);
  if (phase_ == Phase::starting) look_at_start(state);
  if (phase_ == Phase::watching) look_at_run(state);
}

void Observation::look_at_start(const UnitState& state) {
  const bool was_started = state.invocation != before_.invocation;
  if (!state.has_job && is_up(state) && (was_started || before_.invocation.empty())) {
    up_ = state;
    oom_kills_ = oom_kills(Root(), state.control_group);
    begin_ = Clock::now();
    if (allocator_ == nullptr) return end({});
    phase_ = Phase::watching;
  } else if (!state.has_job) {  // nothing is under way and it is not up: the start failed
    end(why_down(state));
  } else if (was_started && state.restarts > 0) {  // systemd already tries again
    end(fmt::format("it failed at its start{}", in_brackets(state.result)));
  } else if (Clock::now() > begin_ + start_patience) {
    end("it is still starting after ten minutes");
  }
}

void Observation::look_at_run(const UnitState& state) {
  const bool last_look = Clock::now() >= begin_ + std::chrono::duration<double>(time_.count);
  if (state.invocation != up_.invocation || state.sub_state == "auto-restart")
    return end(state.restarts > up_.restarts || state.sub_state == "auto-restart"
                   ? fmt::format("it crashed and systemd restarted it{}", in_brackets(state.result))
                   : "it was started anew while it was watched");
  if (!is_up(state)) return end(why_down(state));
  const std::vector<UnitProcess> processes = manager_.processes(unit_);
  seen_ = examine(processes, *allocator_, older_);
  deaths_.look(workers_of(state.main_process, processes));
  if (oom_kills(Root(), state.control_group) > oom_kills_)
    return end("the kernel killed a process of it for want of memory");
  if (kept_workers_ && deaths_.is_a_loop())
    return end(fmt::format("its workers die and are replaced: {} did while it was watched", deaths_.count()));
  if (!last_look) return;
  if (seen_.misfits.empty() && seen_.verified > 0) return end({});
  const bool may_still_come = state.sub_state != "exited";  // a unit that stays active without a process
  if (may_still_come && Clock::now() <= begin_ + allocation_patience) return;
  end(seen_.misfits.empty() ? "it has no process, so nothing can be verified" : describe(seen_.misfits, *allocator_));
}

void observe(std::vector<Observation>& all) {
  for (Observation& each : all) each.begin();
  while (true) {
    for (Observation& each : all)
      if (!each.is_over()) each.look();
    if (std::all_of(all.begin(), all.end(), [](const Observation& each) { return each.is_over(); })) return;
    std::this_thread::sleep_for(between_looks);
  }
}

std::string restart_on_what_was(Manager& manager, const std::vector<std::string>& units) {
  std::vector<Observation> observations;
  observations.reserve(units.size());
  for (const std::string& unit : units) {
    manager.forget_failures(unit);
    observations.emplace_back(manager, unit, nullptr, Seconds{0});
  }
  observe(observations);
  std::string state;
  for (const Observation& each : observations)
    state += each.why().empty() ? fmt::format("; {} runs as before", each.unit())
                                : fmt::format("; {}: {}", each.unit(), each.why());
  return state;
}

std::string restart_and_wait(Manager& manager, const std::string& unit) {
  std::vector<Observation> one;
  one.emplace_back(manager, unit, nullptr, Seconds{0});
  observe(one);
  return one.front().why();
}

}  // namespace neap
