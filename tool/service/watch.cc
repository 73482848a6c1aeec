#include "tool/service/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "tool/service/processes.h"

namespace neap {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto between_looks = 100ms;
constexpr auto start_patience = 10min;    // systemd's own TimeoutStartSec= ends most starts earlier
constexpr auto allocation_patience = 5s;  // a process serves its first call within milliseconds of its start

bool is_up(const UnitFacts& unit) { return unit.active_state == "active" || unit.active_state == "reloading"; }

std::string why_down(const UnitFacts& unit) {
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

std::string restart_and_wait(Manager& manager, const std::string& unit) {
  std::uint32_t earlier = manager.unit(unit).restarts;  // of the start before: systemd counts anew at the next
  manager.restart(unit);
  const auto deadline = Clock::now() + start_patience;
  while (true) {
    const UnitFacts facts = manager.unit(unit);
    if (!facts.has_job && is_up(facts)) return {};
    // Nothing is under way and it is not up, or systemd already tries again: the start failed.
    if (!facts.has_job) return why_down(facts);
    earlier = std::min(earlier, facts.restarts);
    if (facts.restarts > earlier) return fmt::format("it failed at its start ({})", facts.result);
    if (Clock::now() > deadline) return "it is still starting after ten minutes";
    std::this_thread::sleep_for(between_looks);
  }
}

std::string watch(Manager& manager, const std::string& unit, const Allocator& allocator, Seconds time) {
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(time.count));
  while (true) {
    const bool last_look = Clock::now() >= end;
    const UnitFacts facts = manager.unit(unit);
    if (facts.restarts > 0) return fmt::format("it crashed and systemd restarted it ({})", facts.result);
    if (!is_up(facts)) return why_down(facts);
    const std::vector<UnitProcess> processes = manager.processes(unit);
    const std::vector<Misfit> wrong = misfits(processes, allocator);
    if (last_look && wrong.empty()) return {};
    if (last_look && Clock::now() > begin + allocation_patience) return describe(wrong, allocator);
    std::this_thread::sleep_for(between_looks);
  }
}

}  // namespace neap
