// The verb table: the one list of what `neap` can do. The parser, --help, the manual and the completion derive from it.
// A new verb is one file here with a define_ function, which is declared and listed below. The parts of `neap
// experiment` and `neap trace` have tables of their own, in experiment_verbs.cc and trace_verbs.cc.
#pragma once
#include <array>

#include "tool/arguments/verb.h"
#include "tool/experiment/commands/experiment_verbs.h"
#include "tool/trace/commands/trace_verbs.h"

namespace neap {

VerbBody define_allocators(CommandLine& command, const Invocation& invocation);
VerbBody define_run(CommandLine& command, const Invocation& invocation);
VerbBody define_record(CommandLine& command, const Invocation& invocation);
VerbBody define_lab(CommandLine& command, const Invocation& invocation);
VerbBody define_compare(CommandLine& command, const Invocation& invocation);
VerbBody define_report(CommandLine& command, const Invocation& invocation);
VerbBody define_enable(CommandLine& command, const Invocation& invocation);
VerbBody define_disable(CommandLine& command, const Invocation& invocation);
VerbBody define_status(CommandLine& command, const Invocation& invocation);
VerbBody define_doctor(CommandLine& command, const Invocation& invocation);
VerbBody define_metrics(CommandLine& command, const Invocation& invocation);
VerbBody define_inspect(CommandLine& command, const Invocation& invocation);
VerbBody define_top(CommandLine& command, const Invocation& invocation);
VerbBody define_map(CommandLine& command, const Invocation& invocation);
VerbBody define_profile(CommandLine& command, const Invocation& invocation);
VerbBody define_blame(CommandLine& command, const Invocation& invocation);
VerbBody define_stats(CommandLine& command, const Invocation& invocation);
VerbBody define_trim(CommandLine& command, const Invocation& invocation);
VerbBody define_probation(CommandLine& command, const Invocation& invocation);
VerbBody define_probe(CommandLine& command, const Invocation& invocation);

inline constexpr std::array verbs = {
    Verb{"allocators", "List the allocators of this machine", define_allocators},
    Verb{"run", "Run a program under an allocator", define_run},
    Verb{"record", "Record the memory of a program over time", define_record},
    Verb{"lab", "Load real servers: allocators side by side inside a network of Tor relays", define_lab},
    Verb{"compare", "Run a program under several allocators and compare what it costs", define_compare},
    Verb{"report", "Turn recordings into a table, charts and one HTML file", define_report},
    Verb{"enable", "Switch a service to an allocator, safely", define_enable},
    Verb{"disable", "Switch back to what was there before", define_disable},
    Verb{"status", "Show what is switched and what really runs", define_status},
    Verb{"doctor", "Tell whether an allocator would take effect, and what to do", define_doctor},
    Verb{"metrics", "Write what status shows, and the memory, for Prometheus", define_metrics},
    Verb{"trace", "Record, replay and look into allocation traces", define_trace},
    Verb{"experiment", "Compare allocators on the instances of a service, over days", define_experiment},
    Verb{"inspect", "Look into a program: leak or fragmentation, and what another allocator would take",
         define_inspect},
    Verb{"top", "All processes, the most wasteful first", define_top},
    Verb{"map", "Draw the heap of a running program", define_map},
    Verb{"profile", "Where the live memory of a program comes from", define_profile},
    Verb{"blame", "Whose objects keep nearly empty pages", define_blame},
    Verb{"stats", "The counters of libneap in a running program", define_stats},
    Verb{"trim", "Have a running program give free memory back", define_trim},
    Verb{"probation", "One look at a service on probation (called by its timer)", define_probation, true},
    Verb{"probe", "Tell which malloc serves this process (used by allocators)", define_probe, true},
};

}  // namespace neap
