#include "tool/experiment/commands/experiment_verbs.h"

#include <array>

namespace neap {
namespace {

constexpr std::array parts = {
    Verb{"init", "Assign the instances of a service to allocators at random", define_experiment_init},
    Verb{"start", "Switch the instances to their allocators, step by step", define_experiment_start},
    Verb{"collect", "Read the memory of every instance once: for cron or a timer", define_experiment_collect},
    Verb{"report", "Compare the groups over days, with intervals and a chart", define_experiment_report},
    Verb{"import", "Make an experiment from CSV files that operators collect", define_experiment_import},
};

constexpr const char* footer =
    "An experiment on relays:\n\n"
    "  neap experiment init relays --units 'tor@*' --allocators libc,jemalloc,neap\n"
    "  neap experiment start relays --step 10\n"
    "  systemctl enable --now neap-experiment@relays.timer     (or from cron: neap experiment collect relays)\n"
    "  neap experiment report relays -o relays.html\n";

}  // namespace

VerbBody define_experiment(CommandLine& command, const Invocation& invocation) {
  command.footer(footer);
  return define_parts(parts, command, invocation);
}

}  // namespace neap
