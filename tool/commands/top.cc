#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "tool/commands/verbs.h"
#include "tool/model/failure.h"
#include "tool/render/quantity.h"
#include "tool/render/text_table.h"
#include "tool/top/columns.h"
#include "tool/top/screen.h"

namespace neap {
namespace {

constexpr const char* top_help =
    "All processes, or those of TARGET (a name or a unit), the most wasteful first: RSS every round, the rest\n"
    "from walks through their heaps. Together they take at most --budget of one core. As root it sees\n"
    "everybody's.\n"
    "Keys: w r l p s a g sort by waste, RSS, live, PSS, swap, age, growth; arrows and page keys\n"
    "scroll; q ends. Red: half of the memory is waste; yellow: a quarter.";

constexpr double full_bucket_s = 0.5;  // CPU seconds: so much at once, at the beginning
constexpr std::size_t any_width = 4096;

struct TopOptions {
  std::string target, sort = "waste";
  bool once = false;
  double budget = 1, delay = 2;
};

nlohmann::ordered_json as_json(const SurveyRow& row) {
  nlohmann::ordered_json json = {{"pid", row.pid}, {"name", row.name}, {"allocator", row.allocator}};
  for (const TopColumn& column : top_columns)
    if (const auto value = column.get(row)) json[column.name] = *value;
  return json;
}

// Says how many processes may not be looked into: their rows show little.
void say_what_is_missing(const std::vector<SurveyRow>& rows) {
  const auto kept = std::count_if(rows.begin(), rows.end(), [](const SurveyRow& row) { return row.allocator == "?"; });
  if (kept > 0 && ::geteuid() != 0)
    fmt::print(stderr, "neap: of {} of {} processes only RSS and age can be read: run neap as root, with sudo\n", kept,
               rows.size());
}

int show_once(Survey& survey, const TopColumn& by, const Invocation& invocation) {
  survey.refresh();
  survey.walk_all();
  std::vector<SurveyRow> rows = survey.rows();
  sort_rows(rows, by);
  if (invocation.json) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const SurveyRow& row : rows) json.push_back(as_json(row));
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return exit_success;
  }
  const bool colour = wants_colour(STDOUT_FILENO);
  fmt::print("{}\n", top_header(by, colour));
  for (const SurveyRow& row : rows) fmt::print("{}\n", top_line(row, any_width, colour));
  if (!invocation.quiet) say_what_is_missing(rows);
  return exit_success;
}

std::string totals(const std::vector<SurveyRow>& rows) {
  std::uint64_t resident = 0, live = 0, waste = 0;
  std::size_t walked = 0;
  for (const SurveyRow& row : rows) {
    resident += row.resident;
    if (!row.walked) continue;
    ++walked;
    live += row.walked->live;
    waste += row.walked->waste;
  }
  return fmt::format("{} processes, {} walked: RSS {}, live {}, waste {}", rows.size(), walked, show_bytes({resident}),
                     show_bytes({live}), show_bytes({waste}));
}

std::size_t lines_for_rows(const Screen& screen) { return std::max<std::size_t>(screen.height(), 4) - 3; }

// Scrolls without a new look, and sorts by what the key stands for. False when the key ends the view.
bool obey(const KeyPress& press, std::size_t page, std::size_t& first, const TopColumn*& by) {
  if (press.key == Key::interrupted || (press.key == Key::letter && press.letter == 'q')) return false;
  if (press.key == Key::down) ++first;
  if (press.key == Key::up && first > 0) --first;
  if (press.key == Key::page_down) first += page;
  if (press.key == Key::page_up) first -= std::min(first, page);
  if (press.key == Key::home) first = 0;
  if (const TopColumn* chosen = press.key == Key::letter ? column_of_key(press.letter) : nullptr) by = chosen;
  return true;
}

std::vector<std::string> picture(const std::vector<SurveyRow>& rows, const TopColumn& by, std::size_t first,
                                 const Screen& screen, bool colour) {
  const std::size_t width = screen.width(), end = std::min(rows.size(), first + lines_for_rows(screen));
  std::vector<std::string> lines{totals(rows).substr(0, width), top_header(by, colour)};
  for (std::size_t i = first; i < end; ++i) lines.push_back(top_line(rows[i], width, colour));
  return lines;
}

// Everything that this does counts against the budget. Where the rounds alone would take more, they come later.
int show_on(Survey& survey, const TopColumn* by, const TopOptions& options) {
  const bool colour = wants_colour(STDOUT_FILENO);
  CpuBudget budget(options.budget, {full_bucket_s});
  Screen screen;
  Seconds next;  // when to look again; a key only draws
  for (std::size_t first = 0;;) {
    const Seconds now = monotonic_now();
    const bool looks = now >= next;
    if (looks) {
      budget.charge([&] { survey.refresh(); });
      survey.walk_some(budget);
    }
    budget.charge([&] {
      std::vector<SurveyRow> rows = survey.rows();
      sort_rows(rows, *by);
      first = std::min(first, rows.size() - std::min(rows.size(), lines_for_rows(screen)));
      screen.show(picture(rows, *by, first, screen, colour));
    });
    if (looks) next = now + std::max(Seconds{options.delay}, budget.until_even());
    const KeyPress press = screen.wait(std::max(Seconds{0}, next - monotonic_now()));
    if (!obey(press, lines_for_rows(screen), first, by)) return exit_success;
  }
}

int top(const TopOptions& options, const Invocation& invocation) {
  const TopColumn* by = column_named(options.sort);
  if (by == nullptr) {
    std::string names;
    for (const TopColumn& column : top_columns) names += fmt::format("{}{}", names.empty() ? "" : ", ", column.name);
    throw UsageFailure(fmt::format("--sort takes one of {}, not '{}'", names, options.sort));
  }
  Survey survey(options.target);
  if (options.once || invocation.json) return show_once(survey, *by, invocation);
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0)
    throw UsageFailure("neap top needs a terminal; for a file or a pipe there is neap top --once");
  survey.refresh();  // a bad target is told before the screen changes
  return show_on(survey, by, options);
}

}  // namespace

VerbBody define_top(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<TopOptions>();
  command.add_option("TARGET", options->target, "A program or a systemd unit; without one: all processes");
  command.add_flag("--once", options->once, "Walk every process once, print the table and end");
  command.add_option("--sort", options->sort, "waste, resident, proportional, live, swapped, age or growth")
      .shows_default();
  command.add_option("--budget", options->budget, "Percent of one core that looking may take")
      .shows_default()
      .above_zero();
  command.add_option("--delay", options->delay, "Seconds between two rounds").shows_default().within(0.1, 3600);
  command.footer(top_help);
  return [options, &invocation] { return top(*options, invocation); };
}

}  // namespace neap
