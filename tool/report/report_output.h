// Where a report goes: the options that `report`, `compare` and `experiment report` share, the check of its files
// before any work, and the writing of what they ask for.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "tool/arguments/command_line.h"
#include "tool/model/comparison.h"
#include "tool/model/run.h"

namespace neap {

struct ReportOutput {
  std::string html, svg, png, csv, json, markdown;
  std::string title;
  std::string baseline = "libc";
  std::vector<std::string> fail_if;  // conditions: see analysis/condition.h
  std::vector<std::string> inputs;   // never written

  std::vector<std::string> files() const;  // all that were asked for; "-" is stdout
  bool takes_stdout() const;               // a file goes there, so the table does not
};

void add_report_options(CommandLine& command, ReportOutput& output);

// Adds --fail-if, for what is a comparison of runs.
void add_condition_option(CommandLine& command, ReportOutput& output);

// Throws UsageFailure for the first file that could not be written, or that is one of the inputs or another output, and
// for a condition that is none or speaks of another label than these.
void check_outputs(const ReportOutput& output, const std::vector<std::string>& labels = {});

// Each form a report can take, made only when it is asked for. The table is printed first; a file that fails does not
// cost the others: the last failure is thrown when all have been tried.
struct ReportForms {
  std::function<std::string()> text, json, html, svg, csv, markdown;
};
void write_forms(const ReportForms& forms, const ReportOutput& output, bool json_instead);

// Writes every file asked for and prints the table, or with `json` the same as JSON, on stdout.
// `remarks` are (label, text) pairs for rows that need a word of caution. Returns the exit code: whether a condition
// holds.
int write_report(const std::vector<Run>& runs, const std::vector<std::pair<std::string, std::string>>& remarks,
                 const ReportOutput& output, bool json);

}  // namespace neap
