#include "tool/analysis/likeness.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "tool/analysis/totals.h"
#include "tool/model/moment.h"

namespace neap {
namespace {

constexpr double much_longer = 1.5;
constexpr double least_difference_s = 2;
constexpr double most_overlap = 0.5;  // of the shorter of two recordings; below, they saw another load
constexpr std::size_t most_named = 4;

std::string program_of(const Run& run) {
  if (run.facts.command.empty()) return {};
  const std::string& path = run.facts.command.front();
  return path.substr(path.rfind('/') + 1);
}

std::string machine_of(const Run& run) {
  return run.facts.host.empty() ? run.facts.kernel : fmt::format("{} ({})", run.facts.host, run.facts.kernel);
}

// A program that ended by itself takes the time that it takes: its length is a result.
bool has_outer_end(const Run& run) { return run.facts.joined || !run.end || run.end->asked_to_stop.has_value(); }

void add_names(const std::vector<const Run*>& runs, const char* what, std::string (*name_of)(const Run&),
               std::vector<std::string>& differences) {
  std::vector<std::string> names;
  for (const Run* run : runs)
    if (const std::string name = name_of(*run);
        !name.empty() && std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(name);
  if (names.size() < 2) return;
  const std::size_t shown = std::min(names.size(), most_named);
  const std::string more = names.size() > shown ? fmt::format(" and {} more", names.size() - shown) : "";
  names.resize(shown);
  differences.push_back(fmt::format("{} {}{}", what, fmt::join(names, ", "), more));
}

void add_lengths(const std::vector<const Run*>& runs, std::vector<std::string>& differences) {
  std::vector<double> lengths;
  for (const Run* run : runs)
    if (has_outer_end(*run)) lengths.push_back(end_of(*run).count);
  if (lengths.size() < 2) return;
  const auto [shortest, longest] = std::minmax_element(lengths.begin(), lengths.end());
  if (*longest > *shortest * much_longer && *longest - *shortest > least_difference_s)
    differences.push_back(fmt::format("lengths {:.0f} s to {:.0f} s", *shortest, *longest));
}

// Only live processes differ by the time of their recording: what others ask of them changes with the hour.
void add_times(const std::vector<const Run*>& runs, std::vector<std::string>& differences) {
  for (std::size_t a = 0; a < runs.size(); ++a)
    for (std::size_t b = a + 1; b < runs.size(); ++b) {
      const auto one = parse_moment(runs[a]->facts.started_at), other = parse_moment(runs[b]->facts.started_at);
      if (!runs[a]->facts.joined || !runs[b]->facts.joined || !one || !other) continue;
      const double one_length = end_of(*runs[a]).count, other_length = end_of(*runs[b]).count;
      const double from = std::max(0.0, (*other - *one).count);
      const double until = std::min(one_length, (*other - *one).count + other_length);
      if (until - from >= most_overlap * std::min(one_length, other_length)) continue;
      differences.push_back(
          fmt::format("live processes at different times, {} and {} UTC", show_moment(*one), show_moment(*other)));
      return;
    }
}

}  // namespace

std::vector<std::string> differences_between(const std::vector<const Run*>& runs) {
  std::vector<std::string> differences;
  add_names(runs, "programs", program_of, differences);
  add_names(runs, "machines", machine_of, differences);
  add_lengths(runs, differences);
  add_times(runs, differences);
  return differences;
}

std::vector<std::string> differences_between_rows(const std::vector<std::vector<const Run*>>& rows) {
  std::vector<const Run*> all;
  for (const std::vector<const Run*>& row : rows) {
    if (!differences_between(row).empty()) continue;
    all.insert(all.end(), row.begin(), row.end());
  }
  return differences_between(all);
}

}  // namespace neap
