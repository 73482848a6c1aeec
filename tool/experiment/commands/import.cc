#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

#include "tool/experiment/commands/experiment_verbs.h"
#include "tool/experiment/commands/place.h"
#include "tool/experiment/experiment_file.h"
#include "tool/experiment/operators_csv.h"
#include "tool/model/failure.h"
#include "tool/model/text.h"

namespace neap {
namespace {

constexpr const char* footer =
    "The first line of a CSV file names its columns; timestamp, type, nickname and rss_kb are read, and server\n"
    "and fingerprint where they are there: the files of several servers go together. Rows of type aggregate are\n"
    "passed over. Each --group is a list of nicknames, one a line, and gives the report one line; relays in no\n"
    "list are left out. Without --group all relays are one group.\n"
    "\n"
    "  neap experiment import guards memory.csv --group libc=group_E.txt --group jemalloc=group_D.txt";

struct ImportOptions {
  std::string name;
  std::vector<std::string> files;
  std::vector<std::string> groups;
};

std::ifstream opened(const std::string& path) {
  std::ifstream file(path);
  std::error_code ignored;
  if (!file || std::filesystem::is_directory(path, ignored)) throw UsageFailure(fmt::format("cannot read '{}'", path));
  return file;
}

GroupMembers read_groups(const std::vector<std::string>& written, Experiment& experiment) {
  GroupMembers members;
  for (const std::string& each : written) {
    const auto equals = each.find('=');
    if (equals == std::string::npos || equals == 0)
      throw UsageFailure(fmt::format("--group takes ALLOCATOR=FILE, not '{}'", each));
    const std::string label = each.substr(0, equals), path = each.substr(equals + 1);
    if (std::find(experiment.groups.begin(), experiment.groups.end(), label) != experiment.groups.end())
      throw UsageFailure(fmt::format("group '{}' is given twice", label));
    experiment.groups.push_back(label);
    std::ifstream file = opened(path);
    read_group_file(file, path, label, members);
  }
  if (written.empty()) experiment.groups = {"all"};
  return members;
}

int import_files(const ImportOptions& options, const std::string& folder, const Invocation& invocation) {
  Experiment experiment;
  experiment.name = std::filesystem::path(options.name).stem().string();
  experiment.created = this_moment();
  const GroupMembers members = read_groups(options.groups, experiment);
  KnownRelays known;
  ImportCount all;
  for (const std::string& path : options.files) {
    std::ifstream file = opened(path);
    const ImportCount count = read_operators_csv(file, path, members, known, experiment);
    all.readings += count.readings, all.aggregates += count.aggregates, all.outside += count.outside;
    experiment.origin += (experiment.origin.empty() ? "" : " ") + path;
  }
  if (experiment.readings.empty())
    throw UsageFailure(fmt::format("no row of a relay {} in {}", members.empty() ? "stands" : "of these groups stands",
                                   experiment.origin));
  sort_readings(experiment);
  create_experiment(experiment_path(folder, options.name), experiment);
  if (!invocation.quiet)
    tell(fmt::format("{} readings of {} instances; passed over: {} rows of relays in no group, {} aggregates",
                     all.readings, experiment.instances.size(), all.outside, all.aggregates));
  return 0;
}

}  // namespace

VerbBody define_experiment_import(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<ImportOptions>();
  command.add_option("NAME", options->name, "What the experiment is to be called, or its file").required();
  command.add_option("CSV", options->files, "Files of the operators' format").required();
  command.add_option("--group", options->groups, "A group and the file of its nicknames")
      .named("ALLOCATOR=FILE")
      .one_at_a_time();
  auto folder = add_folder_option(command);
  command.footer(footer);
  return [options, folder, &invocation] { return import_files(*options, *folder, invocation); };
}

}  // namespace neap
