// `neap lab tor`: checks the line, settles the allocators and becomes the Python program that runs the experiment.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "tool/allocators/environment.h"
#include "tool/allocators/preflight.h"
#include "tool/allocators/resolve.h"
#include "tool/commands/verbs.h"
#include "tool/measure/child.h"
#include "tool/model/failure.h"
#include "tool/model/json_text.h"

namespace neap {
namespace {

namespace fs = std::filesystem;

constexpr const char* tor_help =
    "Compares allocators inside real Tor relays: a private network on loopback, one relay under test per allocator,\n"
    "the same load on all of them at the same time. Nothing is installed, nothing leaves this machine.";
constexpr const char* tor_footer =
    "--minutes is for the whole lab: keys, bring-up, load, report. Up to 8 minutes (of --load, where it is\n"
    "given) the sizes are those of --quick.\n"
    "Examples:\n"
    "  neap lab tor --quick\n"
    "  neap lab tor --allocators libc,libc-tuned,mimalloc,neap --sandbox --output result\n"
    "  neap lab tor --torrc 'NumCPUs 16' --torrc 'MaxMemInQueues 1 GB'\n"
    "  neap lab tor --quick --allocators libc --wrap 'neap trace record -o relay.trc --'\n"
    "Exit codes: 0 done, 1 done but the relays did not serve the same load without errors, 2 bad usage,\n"
    "125 the lab failed, 128+N ended by signal N.";

// What the user said; what is left unset takes the lab's own default.
struct LabOptions {
  std::vector<std::string> allocators{"libc,jemalloc,mimalloc,neap"};
  int relays = 1;
  bool quick = false;
  std::optional<double> minutes, load;
  std::optional<int> directory;
  bool sandbox = false;
  std::vector<std::string> torrc;
  bool keep = false;
  std::string output;
  std::string wrap;
};

std::string find_tor() {
  try {
    return find_program("tor");
  } catch (const Failure&) {
    throw Failure("tor not found in PATH; to get it: apt install tor");
  }
}

std::string find_lab() {
  const fs::path home = fs::read_symlink("/proc/self/exe").parent_path();
  for (const char* place : {"share/neap/lab", "../share/neap/lab"})
    if (fs::exists(home / place / "__main__.py")) return fs::canonical(home / place).string();
  throw Failure(fmt::format("the lab's files are missing: no share/neap/lab in or beside {}", home.string()));
}

// The first Python that can import what the lab needs; Debian's own first, whose modules are Debian packages.
std::string find_python() {
  ChildOptions quiet;
  quiet.output_file = "/dev/null";
  const std::vector<std::string> environment{"PYTHONWARNINGS=ignore"};
  for (const char* name : {"/usr/bin/python3", "python3"}) try {
      std::string file = find_program(name);
      const std::vector<std::string> check{file, "-c",
                                           "import importlib.util as i, sys\n"
                                           "sys.exit(sys.version_info < (3, 11) or not i.find_spec('cryptography'))"};
      if (wait_child(start_child(file, check, environment, quiet))->exit_code == 0) return file;
    } catch (const Failure&) {
      continue;
    }
  throw Failure(
      "the lab needs Python 3.11 with the module cryptography; to get it: apt install python3 python3-cryptography");
}

// What the lab and everything it starts inherit: nothing that steers an allocator, preloads a library or changes
// Python.
std::vector<std::string> inherited_environment() {
  std::vector<std::string> environment = environment_without_steering();
  std::erase_if(environment, [](const std::string& variable) {
    return variable.starts_with("LD_PRELOAD=") || variable.starts_with("PYTHON");
  });
  return environment;
}

bool is_inherited(const std::string& variable) {
  const std::vector<std::string> inherited = inherited_environment();
  return std::find(inherited.begin(), inherited.end(), variable) != inherited.end();
}

// What the relay's environment has beside the inherited one. LD_PRELOAD is always named, as the lab inherits none; a
// relay on plain libc has no children that would need one.
nlohmann::json describe(const Allocator& allocator) {
  nlohmann::json variables = nlohmann::json::object();
  for (const std::string& variable : environment_to_measure(allocator)) {
    const auto equals = variable.find('=');
    const bool preload = variable.starts_with("LD_PRELOAD=");
    if (preload ? !allocator.library.empty() : !is_inherited(variable))
      variables[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  return {{"label", allocator.label}, {"variables", variables}};
}

nlohmann::json settings(const LabOptions& options, const Invocation& invocation) {
  const std::string tor = find_tor();
  const Preflight preflight = look_before_start(tor);
  nlohmann::json all{{"tor", tor},
                     {"neap", fs::read_symlink("/proc/self/exe").string()},
                     {"allocators", nlohmann::json::array()},
                     {"relays", options.relays},
                     {"quick", options.quick},
                     {"sandbox", options.sandbox},
                     {"torrc", options.torrc},
                     {"keep", options.keep},
                     {"output", options.output},
                     {"wrap", options.wrap},
                     {"json", invocation.json},
                     {"quiet", invocation.quiet}};
  for (const Allocator& allocator : resolve_allocators(options.allocators))
    all["allocators"].push_back(describe(fitted_to(allocator, preflight)));
  if (options.minutes) all["minutes"] = *options.minutes;
  if (options.load) all["load"] = *options.load;
  if (options.directory) all["directory"] = *options.directory;
  return all;
}

int run_lab(const LabOptions& options, const Invocation& invocation) {
  if (!invocation.program.empty())
    throw UsageFailure("neap lab tor takes no program; to run relays through one: --wrap");
  const std::string text = json_text(settings(options, invocation));
  const std::string python = find_python();
  tell_left_out();
  exec_program(python, {python, "-B", find_lab(), "tor", text}, inherited_environment());
}

}  // namespace

VerbBody define_lab(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<LabOptions>();
  command.require_command();
  CommandLine& tor = command.add_command("tor", tor_help);
  tor.footer(tor_footer);
  tor.add_option("-a,--allocators", options->allocators, "Names that `neap allocators` lists, or paths of libraries")
      .named("A,B,C")
      .shows_default();
  tor.add_option("--relays", options->relays, "Relays per allocator").shows_default().within(1, 20);
  tor.add_flag("--quick", options->quick, "A small directory, at most 5 minutes (otherwise at most 15)");
  tor.add_option("--minutes", options->minutes, "At most this many minutes");
  tor.add_option("--load", options->load, "Minutes of load, within --minutes (otherwise all that are left)")
      .named("MINUTES");
  tor.add_option("--directory", options->directory, "Synthetic relays in the directory");
  tor.add_flag("--sandbox", options->sandbox, "Tor's seccomp filter (Sandbox 1) on the relays under test");
  tor.add_option("--torrc", options->torrc,
                 "A line for the torrc of the relays under test, as 'NumCPUs 16' (repeatable)")
      .named("LINE")
      .one_at_a_time();
  tor.add_option("-o,--output", options->output, "Folder for the report (default: neap-lab-DATE-TIME here)")
      .named("FOLDER");
  tor.add_flag("--keep", options->keep, "Keep the network's folder, as `network` in the output folder");
  tor.add_option("--wrap", options->wrap, "Start the first relay under test through this command").named("COMMAND");
  return [options, &invocation] { return run_lab(*options, invocation); };
}

}  // namespace neap
