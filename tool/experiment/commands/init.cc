#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <random>

#include "tool/allocators/resolve.h"
#include "tool/experiment/assignment.h"
#include "tool/experiment/commands/assignment_output.h"
#include "tool/experiment/commands/experiment_verbs.h"
#include "tool/experiment/commands/place.h"
#include "tool/experiment/experiment_file.h"
#include "tool/model/failure.h"
#include "tool/model/text.h"
#include "tool/systemd/manager.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

constexpr const char* footer =
    "Group sizes differ by one at most. The same seed and the same instances give the same assignment; without\n"
    "--seed chance gives one, and it is kept. Nothing is switched yet.\n"
    "\n"
    "Over several hosts: the same NAME and --seed on each, with --host $(hostname). Each host then has every\n"
    "group, dealt for itself, and neap experiment report NAME --prometheus URL compares within hosts.";

struct InitOptions {
  std::string name;
  std::vector<std::string> units;
  std::vector<std::string> allocators;
  std::optional<std::uint64_t> seed;
  std::string host;
};

std::vector<std::string> units_that_fit(const std::vector<std::string>& patterns) {
  std::vector<std::string> units = connect_to_systemd()->loaded_services();
  std::erase_if(units, [&](const std::string& unit) { return !fits_any(unit, patterns); });
  std::sort(units.begin(), units.end());
  return units;
}

std::uint64_t random_seed() {
  std::random_device device;
  return device();
}

int init(const InitOptions& options, const std::string& folder, const Invocation& invocation) {
  Experiment experiment;
  experiment.name = options.name;
  const std::string path = experiment_path(folder, options.name);
  for (const Allocator& allocator : resolve_allocators(options.allocators))
    experiment.groups.push_back(allocator.label);
  if (experiment.groups.size() < 2) throw UsageFailure("one allocator is no experiment; name two or more");
  const std::vector<std::string> patterns = split_list(options.units);
  const std::vector<std::string> units = units_that_fit(patterns);
  for (const std::string& pattern : patterns) experiment.origin += (experiment.origin.empty() ? "" : " ") + pattern;
  if (units.size() < experiment.groups.size())
    throw UsageFailure(fmt::format(
        "{} allocators need at least as many instances, but {} {} '{}'; see: systemctl "
        "list-units --all",
        experiment.groups.size(), units.size(), units.size() == 1 ? "unit fits" : "units fit", experiment.origin));
  experiment.seed = options.seed ? *options.seed : random_seed();
  experiment.created = this_moment();
  const std::uint64_t seed = options.host.empty() ? experiment.seed : seed_of_host(experiment.seed, options.host);
  experiment.instances = assign_at_random(units, experiment.groups, seed);
  for (Instance& instance : experiment.instances) instance.host = options.host;
  create_experiment(path, experiment);
  print_assignment(experiment, invocation);
  if (!invocation.quiet)
    tell(fmt::format("{} instances in {} groups, seed {}; next: neap experiment start {}", units.size(),
                     experiment.groups.size(), experiment.seed, options.name));
  return 0;
}

}  // namespace

VerbBody define_experiment_init(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<InitOptions>();
  command.add_option("NAME", options->name, "What the experiment is called").required();
  command.add_option("--units", options->units, "Its instances: names or patterns, separated by commas")
      .required()
      .one_at_a_time();
  command.add_option("-a,--allocators", options->allocators, "Its groups: names, presets or paths, separated by commas")
      .required()
      .one_at_a_time();
  command.add_option("--seed", options->seed, "Number that the random assignment starts from");
  command.add_option("--host", options->host, "Of an experiment over several hosts: this one's name, part of the draw");
  auto folder = add_folder_option(command);
  command.footer(footer);
  return [options, folder, &invocation] { return init(*options, *folder, invocation); };
}

}  // namespace neap
