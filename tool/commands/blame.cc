#include <fmt/core.h>

#include <memory>

#include "tool/commands/profile_output.h"
#include "tool/commands/telemetry_target.h"
#include "tool/commands/verbs.h"
#include "tool/fill/readers.h"
#include "tool/model/failure.h"
#include "tool/render/quantity.h"

namespace neap {
namespace {

constexpr const char* blame_help =
    "Who pins the pages: a page with less than a quarter live is kept by the few objects in it. Their call sites,\n"
    "by the free memory that they keep, beside their own. For programs on glibc's malloc or libneap that neap\n"
    "profile started:\n"
    "  neap profile -- redis-server &\n"
    "  neap blame redis-server -o pinned.html";

struct BlameOptions {
  std::string target;
  ProfileOutput output;
};

int blame(const BlameOptions& options, const Invocation& invocation) {
  check_output(options.output);
  const FoundProcess process = target_process(options.target, "blame");
  LiveProcess space(process.pid);
  const std::vector<HeapFill> heaps = read_heaps(space);
  const auto table = read_samples(space);  // after the walk: what was freed meanwhile pins nothing
  if (!table)
    throw UsageFailure(
        fmt::format("process {} ({}) has no samples of who made its objects: start it with neap profile -- "
                    "PROGRAM, then neap blame",
                    process.pid, process.name));
  Symbols symbols(table->modules, fmt::format("/proc/{}/root", process.pid));
  const Sites sites = sites_of(*table, symbols, heaps, space.page_size());
  if (!invocation.json)
    fmt::print("{} on sparse pages is kept by few objects; by the samples {}.\n",
               show_bytes({static_cast<std::uint64_t>(sites.exact_pinned)}),
               show_bytes({static_cast<std::uint64_t>(sites.pinned)}));
  print_sites(sites, pinned_value, symbols, process.name, options.output, invocation);
  return exit_success;
}

}  // namespace

VerbBody define_blame(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<BlameOptions>();
  command.add_option("TARGET", options->target, "Process number, program or systemd unit");
  add_output_options(command, options->output);
  command.footer(blame_help);
  return [options, &invocation] { return blame(*options, invocation); };
}

}  // namespace neap
