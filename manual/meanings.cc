#include "manual/meanings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "tool/model/quantities.h"
#include "tool/top/columns.h"

namespace neap::manual {
namespace {

struct Row {
  std::string_view verb;
  const char* name;
  const char* text;
};

constexpr std::array columns = {
    Row{"allocators", "ALLOCATOR", "Its name, for every option that takes allocators."},
    Row{"allocators", "VERSION", "As the library itself tells it; - where it tells none or is not installed."},
    Row{"allocators", "WHAT IT IS", "The allocator, or the settings that a preset stands for."},
    Row{"allocators", "LIBRARY", "The file that is preloaded; nothing is for libc."},
    Row{"status", "TARGET", "A unit, system, session or a program; (--user) behind those of the caller alone."},
    Row{"status", "CONFIGURED", "The allocator that neap wrote into its files; - where it wrote none."},
    Row{"status", "RUNS", "What its processes run on, and how many of them; ? where that may not be looked at."},
    Row{"status", "SINCE", "When it was switched."},
    Row{"status", "MIB BEFORE", "Resident memory of its processes right before the switch."},
    Row{"status", "MIB NOW", "The same now."},
    Row{"status", "STATE",
        "on: configured, and every process runs it. pending: processes older than the switch run something else, until "
        "a "
        "restart. outdated: the library's file was replaced since. failed, stopped: the unit. flapping: it was "
        "restarted, "
        "or the kernel killed a process of it, since the switch. drift: a process that began since runs another "
        "allocator, or the library is gone. edited: a file was changed by hand. interrupted, restored, broken: of the "
        "journal entry. not-switched: it has another allocator of its own. leaving: it runs neap without a file of "
        "ours."},
    Row{"trace info", "size", "Objects of at most this size, and above that of the line before."},
    Row{"trace info", "births", "Objects of these sizes that were allocated."},
    Row{"trace info", "bytes", "What they asked for, summed."},
    Row{"trace info", "of all", "Their share."},
    Row{"trace replay", "allocator", "What the trace was replayed under."},
    Row{"trace replay", "RSS/live",
        "The heap's resident memory over the trace's live bytes, mean of the samples; 1 is the "
        "floor."},
    Row{"trace replay", "last quarter", "The same over the last quarter of the samples."},
    Row{"trace replay", "mean MiB", "The heap's resident memory, mean over the time of the trace."},
    Row{"trace replay", "end MiB", "The same at the end of the trace."},
    Row{"trace replay", "peak MiB", "The same at its highest."},
    Row{"trace replay", "CPU s", "CPU time of the replay, user and system."},
    Row{"trace replay", "minor faults", "Page faults without I/O."},
    Row{"trace replay", "to libc", "The figure before it, over that of libc."},
    Row{"experiment report", "ALLOCATOR", "The group; (!) behind it points to a remark below the table."},
    Row{"experiment report", "INSTANCES", "How many instances the group has."},
    Row{"experiment report", "MEAN",
        "Resident memory of an instance over all days, mean over the group's instances, MiB."},
    Row{"experiment report", "LAST", "The same of each instance's last reading in the last 24 hours."},
    Row{"experiment report", "x",
        "LAST over that of the baseline; below AGAINST, the geometric mean of the ratios within "
        "hosts."},
    Row{"experiment report", "95%",
        "Interval that holds the true value in 95 of 100 experiments; - below three instances."},
    Row{"experiment report", "DAY FROM", "One line for each day: the mean of each group, and half of its interval."},
    Row{"experiment report", "OF", "What is compared within hosts: memory, CPU, traffic, restarts."},
    Row{"experiment report", "CHANCE", "How often shuffling the groups within hosts gives as much."},
    Row{"experiment report", "HOSTS", "Hosts that have both groups."},
    Row{"experiment init", "INSTANCE", "A unit that was assigned."},
    Row{"experiment init", "ALLOCATOR", "The group that it was dealt to."},
    Row{"experiment init", "SWITCHED", "When it was switched to it, or not yet."},
    Row{"top", "PID", "The process."},
    Row{"top", "MALLOC", "The allocator that serves it."},
};

constexpr const char* journal = "/var/lib/neap/";
constexpr const char* own_journal = "~/.local/state/neap/";
constexpr const char* journal_text =
    "The journal: an entry for each switch, with what its files held before; and the lock of whoever changes "
    "something.";
constexpr const char* drop_in = "/etc/systemd/system/UNIT.service.d/";

constexpr std::array files = {
    Row{"record", "*.neaprec", "The recording, an SQLite database: facts of the run, processes, samples, marks."},
    Row{"report", "*.neaprec", "Recordings of neap record, neap compare --keep and neap trace replay --recordings."},
    Row{"compare", "*.neaprec", "With --keep FOLDER: LABEL-RUN.neaprec there, for neap report."},
    Row{"trace", "*.trace", "A trace: every event, in compressed chunks with checksums."},
    Row{"trace", "*.trc.zst", "Traces of an older form; info and replay read them."},
    Row{"trace", "*.neaprec", "With --recordings FOLDER: one of each run there, for neap report."},
    Row{"profile", "libneap-profile.so", "Preloaded into the program, from beside the command."},
    Row{"run", "libneap-misuse.so", "With --find-misuse: preloaded into the program, from beside the command."},
    Row{"lab", "report.html, report.svg", "In the output folder: neap report of the second half of the load."},
    Row{"lab", "summary.json", "In the output folder: what was asked for, what each relay served, the comparison."},
    Row{"lab", "samples.csv", "In the output folder: every sample of that stretch."},
    Row{"lab", "*.neaprec", "In the output folder: a recording of each relay, from its start to its end."},
    Row{"experiment", "/var/lib/neap/experiments/NAME.neapexp",
        "An experiment, an SQLite database: assignment, switches, readings. --folder names another folder."},
    Row{"experiment", "neap-experiment@NAME.timer", "Reads the experiment NAME every quarter of an hour."},
    Row{"metrics", "/var/lib/prometheus/node-exporter/neap.prom",
        "Where node-exporter's textfile collector looks on Debian; --output names another file."},
    Row{"enable", drop_in, "The drop-in of a switched unit. With --user below ~/.config/systemd/user."},
    Row{"enable", "/etc/ld.so.preload", "With --system: the library, before every program of the machine."},
    Row{"enable", "/etc/neap/except", "With --system: programs, one a line, that libneap leaves to libc."},
    Row{"enable", "~/.config/environment.d/50-neap.conf", "With --user: variables of the next login session."},
    Row{"enable", "~/.local/bin/PROGRAM", "With --user PROGRAM: a wrapper that starts it on the allocator."},
    Row{"enable", journal, journal_text},
    Row{"enable", own_journal, "The same of one's own switches."},
    Row{"disable", drop_in, "The drop-in of a switched unit, and its folder where neap made it: removed."},
    Row{"disable", journal, "The journal, from which every file is restored byte for byte."},
    Row{"disable", own_journal, "The same of one's own switches."},
    Row{"status", journal, journal_text},
    Row{"status", own_journal, "The same of one's own switches."},
};

template <std::size_t count>
std::vector<Meaning> rows_of(const std::array<Row, count>& rows, std::string_view verb) {
  std::vector<Meaning> found;
  for (const Row& row : rows)
    if (row.verb == verb) found.push_back({row.name, row.text});
  return found;
}

std::string sentence(std::string text) {
  text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text + ".";
}

std::vector<Meaning> comparison_columns() {
  std::vector<Meaning> found{{"ALLOCATOR",
                              "The allocator, or the name that --label gave the recording; (!) behind it points to a "
                              "remark below the table."}};
  for (const Quantity& quantity : quantities) {
    const bool bytes = quantity.unit == QuantityUnit::bytes, time = quantity.unit == QuantityUnit::seconds;
    found.push_back({quantity.title, sentence(quantity.help + std::string(bytes ? ", MiB" : time ? ", seconds" : ""))});
  }
  found.push_back({"x", "The figure before it, over that of the baseline."});
  found.push_back({"+-", "Behind a median of several runs: half of their range, as a share of it."});
  return found;
}

}  // namespace

std::vector<Meaning> columns_of(const std::string& verb) {
  if (verb == "compare" || verb == "report" || verb == "lab") return comparison_columns();
  std::vector<Meaning> found = rows_of(columns, verb);
  if (verb == "top")
    for (const TopColumn& column : top_columns) found.push_back({column.title, sentence(column.help)});
  return found;
}

std::vector<Meaning> files_of(const std::string& verb) { return rows_of(files, verb); }

}  // namespace neap::manual
