#include "tool/service/status.h"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "tool/commands/switching.h"
#include "tool/commands/verbs.h"
#include "tool/model/failure.h"
#include "tool/model/units.h"
#include "tool/render/text_table.h"

namespace neap {
namespace {

std::string moment(std::int64_t seconds) {
  return seconds == 0 ? "-" : fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(static_cast<std::time_t>(seconds)));
}

// "neap", or "neap x2, libc x1" where they differ.
std::string what_runs(const std::vector<ProcessState>& processes) {
  std::map<std::string, int> counts;
  for (const ProcessState& process : processes) ++counts[process.allocator.empty() ? "?" : process.allocator];
  if (counts.empty()) return "-";
  std::string text;
  for (const auto& [allocator, count] : counts)
    text += fmt::format("{}{} x{}", text.empty() ? "" : ", ", allocator, count);
  return text;
}

std::string memory(std::optional<std::uint64_t> bytes) {
  return bytes && *bytes > 0 ? fmt::format("{:.1f}", mebibytes({*bytes})) : "-";
}

// Rows of the system, and behind them those of the calling user.
struct AllRows {
  std::vector<StatusRow> rows;
  std::size_t first_own = 0;
  std::size_t hidden = 0;
  bool has_systemd = false;
};

void print_table(const AllRows& all) {
  TextTable table({{"TARGET", Align::left},
                   {"CONFIGURED", Align::left},
                   {"RUNS", Align::left},
                   {"SINCE", Align::left},
                   {"MIB BEFORE"},
                   {"MIB NOW"},
                   {"STATE", Align::left}});
  for (std::size_t at = 0; at < all.rows.size(); ++at) {
    const StatusRow& row = all.rows[at];
    table.add(
        {row.target + (at < all.first_own ? "" : " (--user)"), row.configured.empty() ? "-" : row.configured,
         what_runs(row.processes), moment(row.since), memory(row.bytes_before), memory(row.bytes_now),
         row.remark.empty() ? std::string(word_of(row.state)) : fmt::format("{}: {}", word_of(row.state), row.remark)});
  }
  fmt::print("{}", table.text(false));
}

nlohmann::json as_json(const StatusRow& row, bool own) {
  nlohmann::json processes = nlohmann::json::array();
  for (const ProcessState& process : row.processes)
    processes.push_back({{"pid", process.pid},
                         {"name", process.name},
                         {"allocator", process.allocator},
                         {"library", process.library},
                         {"resident_bytes", process.resident_bytes},
                         {"started", process.started}});
  nlohmann::json written{{"scope", own ? "user" : "system"}, {"target", row.target},   {"configured", row.configured},
                         {"state", word_of(row.state)},      {"remark", row.remark},   {"since", row.since},
                         {"bytes_now", row.bytes_now},       {"processes", processes}, {"complete", row.complete}};
  if (row.bytes_before) written["bytes_before"] = *row.bytes_before;
  return written;
}

// Adds the calling user's programs and services that neap switched. With `others` also those that run on another
// allocator without neap.
void add_own(AllRows& all, bool others, bool every, const Invocation& invocation) {
  const Workplace own = open_own_workplace(Needs::files, invocation);
  Status status =
      read_status(own.context.root, own.context.journal, own.manager.get(), own.context.scope, others && every);
  for (StatusRow& row : status.rows)
    if (others || !row.configured.empty() || row.state == SwitchState::broken) all.rows.push_back(std::move(row));
  if (!others) return;
  all.hidden = status.hidden;
  all.has_systemd = own.manager != nullptr;
}

AllRows collect(bool every, bool own, const Invocation& invocation) {
  AllRows all;
  if (own) {
    add_own(all, true, every, invocation);
    return all;
  }
  const Workplace workplace = open_workplace(Needs::files, invocation);
  Status status = read_status(workplace.context.root, workplace.context.journal, workplace.manager.get(),
                              workplace.context.scope, every);
  all = {std::move(status.rows), 0, status.hidden, workplace.manager != nullptr};
  all.first_own = all.rows.size();
  if (has_own_switches()) add_own(all, false, every, invocation);
  return all;
}

int show_status(bool every, bool own, const Invocation& invocation) {
  const AllRows all = collect(every, own, invocation);
  if (invocation.json) {
    nlohmann::json written = nlohmann::json::array();
    for (std::size_t at = 0; at < all.rows.size(); ++at) written.push_back(as_json(all.rows[at], at >= all.first_own));
    fmt::print("{}\n", written.dump(2));
  } else if (all.rows.empty()) {
    fmt::print("neap has switched nothing here{}\n", !all.has_systemd ? "; no systemd runs here"
                                                     : all.hidden > 0
                                                         ? ""
                                                         : ", and no service runs another allocator than libc");
  } else {
    print_table(all);
  }
  if (all.hidden > 0)
    fmt::print(stderr, "neap: cannot look into {} processes of services without root: sudo neap status\n", all.hidden);
  return exit_success;
}

}  // namespace

VerbBody define_status(CommandLine& command, const Invocation& invocation) {
  auto all = std::make_shared<bool>(false);
  command.add_flag("--all", *all, "Every running service, those on libc too");
  auto own = std::make_shared<bool>(false);
  command.add_flag("--user", *own, "Your own units, sessions and programs alone");
  command.footer("As root: whose memory one may not look into shows as '?'.");
  return [all, own, &invocation] { return show_status(*all, *own, invocation); };
}

}  // namespace neap
