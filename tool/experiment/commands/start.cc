// Switches by `neap enable`, as a child: whatever that verb checks, journals and rolls back holds here too.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>

#include "tool/experiment/assignment.h"
#include "tool/experiment/commands/assignment_output.h"
#include "tool/experiment/commands/experiment_verbs.h"
#include "tool/experiment/commands/place.h"
#include "tool/experiment/experiment_file.h"
#include "tool/measure/child.h"
#include "tool/model/failure.h"
#include "tool/model/text.h"
#include "tool/render/quantity.h"

namespace neap {
namespace {

constexpr const char* footer =
    "A step restarts one instance of each group by neap enable UNIT --allocator NAME --restart, those of libc too, so\n"
    "that all groups were restarted alike. A unit that fails ends the start; started again, it goes on with the\n"
    "instances that are not switched yet. To end an experiment: neap disable UNIT for each.";

struct StartOptions {
  std::string name;
  std::string switcher = "/proc/self/exe";  // hidden: the tests put a program there that only notes the call
  double step_minutes = 10;
  bool dry_run = false;
};

void switch_instance(const Instance& instance, const std::string& switcher) {
  const std::vector<std::string> line{"neap", "enable", instance.name, "--allocator", instance.group, "--restart"};
  ChildOptions options;
  options.output_file = "/dev/stderr";  // stdout holds this verb's own answer
  const auto end = wait_child(start_child(switcher, line, own_environment(), options));
  if (end->exit_code == 0) return;
  throw Failure(
      fmt::format("{} could not be switched to {}: neap enable ended with exit code {}; the instances before "
                  "it stay switched",
                  instance.name, instance.group, end->exit_code));
}

void print_rounds(const Experiment& experiment, const std::vector<std::vector<std::size_t>>& rounds, double minutes) {
  for (std::size_t round = 0; round < rounds.size(); ++round)
    for (const std::size_t at : rounds[round])
      fmt::print("after {}: neap enable {} --allocator {} --restart\n",
                 show_duration({static_cast<double>(round) * minutes * 60}), experiment.instances[at].name,
                 experiment.instances[at].group);
}

int start(const StartOptions& options, const std::string& folder, const Invocation& invocation) {
  const std::string path = experiment_path(folder, options.name);
  Experiment experiment = read_experiment(path);
  const auto rounds = switching_rounds(experiment);
  if (options.dry_run) {
    print_rounds(experiment, rounds, options.step_minutes);
    return 0;
  }
  ExperimentFile file(path);
  for (std::size_t round = 0; round < rounds.size(); ++round) {
    if (round > 0) std::this_thread::sleep_for(std::chrono::duration<double, std::ratio<60>>(options.step_minutes));
    for (const std::size_t at : rounds[round]) {
      switch_instance(experiment.instances[at], options.switcher);
      experiment.instances[at].switched_at = this_moment();
      file.mark_switched(at, *experiment.instances[at].switched_at);
    }
    if (!invocation.quiet) tell(fmt::format("step {} of {} done", round + 1, rounds.size()));
  }
  print_assignment(experiment, invocation);
  return 0;
}

}  // namespace

VerbBody define_experiment_start(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<StartOptions>();
  command.add_option("NAME", options->name, "An experiment of neap experiment init").required();
  command.add_option("--step", options->step_minutes, "Minutes between two steps").within(0, 10080).shows_default();
  command.add_flag("--dry-run", options->dry_run, "Only print what would be done");
  command.add_option("--switcher", options->switcher, "Called instead of neap").hidden();
  auto folder = add_folder_option(command);
  command.footer(footer);
  return [options, folder, &invocation] { return start(*options, *folder, invocation); };
}

}  // namespace neap
