#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "tool/commands/duration_option.h"
#include "tool/commands/inspect_output.h"
#include "tool/commands/verbs.h"
#include "tool/inspect/core_file.h"
#include "tool/inspect/find_process.h"
#include "tool/inspect/live_process.h"
#include "tool/inspect/stopped.h"
#include "tool/model/failure.h"
#include "tool/render/progress.h"
#include "tool/render/quantity.h"

namespace neap {
namespace {

constexpr const char* inspect_help =
    "Reads the memory of a running program from outside: nothing in it changes, and it does not stop. Same user\n"
    "or root. TARGET is a process number, a name as in ps, or a systemd unit; of several processes the largest is\n"
    "taken. What changes while it is read is left out, and told; --stop holds the program still for the time of\n"
    "one look.\n"
    "Examples:\n"
    "  neap inspect mariadbd\n"
    "  neap inspect --watch 2m tor@default.service   does it grow, and is it a leak or fragmentation?\n"
    "  neap inspect --core core.1234";

constexpr double looks_of_a_watch = 40;
constexpr double shortest_interval = 0.25, share_of_time = 0.05;
constexpr double enough_looks = 16;       // so many looks are made even if they take more than that share
constexpr std::size_t fewest_looks = 12;  // with fewer, one odd look widens the interval so far that it has both signs

struct InspectOptions {
  std::string target, core, watch;
  bool stop = false;
};

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

FoundProcess choose(const std::string& target, const Invocation& invocation) {
  const std::vector<FoundProcess> found = find_processes(target);
  if (found.size() > 1 && !invocation.quiet) {
    std::string others;
    for (std::size_t i = 1; i < std::min<std::size_t>(found.size(), 8); ++i) others += fmt::format(" {}", found[i].pid);
    fmt::print(stderr, "neap: {} processes are '{}': this is {}, the largest; others:{}\n", found.size(), target,
               found[0].pid, others);
  }
  return found[0];
}

Look look_once(LiveProcess& space, const FoundProcess& process, bool stop, const Invocation& invocation) {
  if (!stop) return look_at(space, process.pid, process.name);
  Seconds pause;
  Look look;
  {
    const Stopped stopped(process.pid);
    space.refresh();
    space.set_still(true);
    look = look_at(space, process.pid, process.name);
    pause = stopped.so_far();
  }
  if (!invocation.quiet) fmt::print(stderr, "neap: process {} stood still for {}\n", process.pid, show_seconds(pause));
  return look;
}

void print(const Look& look, const Growth* growth, const Invocation& invocation) {
  const Verdict verdict = judge(look);
  if (invocation.json) {
    nlohmann::ordered_json json = inspect_json(look, verdict);
    if (growth != nullptr) json["growth"] = growth_json(*growth);
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return;
  }
  fmt::print("{}", inspect_text(look, verdict));
  if (growth != nullptr)
    fmt::print("\n{} looks in {}: {}\n", growth->looks, show_duration({growth->seconds}), growth->sentence);
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// Looks again and again. Looks take at most a twentieth of a core's time, unless there were too few of them then.
int watch(const FoundProcess& process, const InspectOptions& options, const Invocation& invocation) {
  const double duration = parse_duration(options.watch, "--watch").count;
  const double pace = std::max(shortest_interval, duration / looks_of_a_watch);
  Progress progress(!invocation.quiet);
  std::vector<GrowthPoint> points;
  Look look;
  for (const Clock::time_point begin = Clock::now();;) {
    const double at = seconds_since(begin), cpu = cpu_seconds();
    LiveProcess space(process.pid);
    look = look_once(space, process, options.stop, {invocation.json, true, {}});
    points.push_back(growth_point(look, at));
    const double wait = std::min((cpu_seconds() - cpu) / share_of_time, duration / enough_looks);
    const double next = at + std::max(pace, wait);
    if (next > duration && points.size() >= fewest_looks) break;
    progress.show(
        fmt::format("look {}: RSS {}, live {}", points.size(), show_bytes({look.resident}), show_bytes({look.live()})),
        at / duration);
    std::this_thread::sleep_for(std::chrono::duration<double>(std::max(0.0, next - seconds_since(begin))));
  }
  progress.clear();
  const Growth growth = judge_growth(points);
  print(look, &growth, invocation);
  return exit_success;
}

int inspect_core(const std::string& path, const Invocation& invocation) {
  CoreFile core(path);
  if (core.missing_bytes() > 0 && !invocation.quiet)
    fmt::print(stderr, "neap: '{}' was cut off: {} of what it should hold is missing\n", path,
               show_bytes({core.missing_bytes()}));
  const std::string name = core.program().empty() ? std::filesystem::path(path).filename().string() : core.program();
  print(look_at(core, 0, name), nullptr, invocation);
  return exit_success;
}

int inspect(const InspectOptions& options, const Invocation& invocation) {
  if (options.target.empty() == options.core.empty())
    throw UsageFailure(
        "name one process, program or unit to inspect, or a core file: neap inspect mariadbd, "
        "neap inspect --core FILE");
  if (!options.core.empty()) {
    if (options.stop || !options.watch.empty())
      throw UsageFailure("--stop and --watch are for running programs, not for a core file");
    return inspect_core(options.core, invocation);
  }
  const FoundProcess process = choose(options.target, invocation);
  if (!options.watch.empty()) return watch(process, options, invocation);
  LiveProcess space(process.pid);
  print(look_once(space, process, options.stop, invocation), nullptr, invocation);
  return exit_success;
}

}  // namespace

VerbBody define_inspect(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<InspectOptions>();
  command.add_option("TARGET", options->target, "Process number, program or systemd unit");
  command.add_flag("--stop", options->stop, "Hold the program still while it is read: exact, and told how long");
  command.add_option("--core", options->core, "Look into a core file instead").named("FILE");
  command.add_option("--watch", options->watch, "Look again and again for that long: what grows?").named("TIME");
  command.footer(inspect_help);
  return [options, &invocation] { return inspect(*options, invocation); };
}

}  // namespace neap
