// Where a report goes: the options that `report` and `compare` share, and the writing of what they ask for.
#pragma once
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
  bool any_file() const { return !(html + svg + png + csv + json + markdown).empty(); }
};

// To a path, or to stdout for "-".
void write_file(const std::string& path, const std::string& content);

void add_report_options(CommandLine& command, ReportOutput& output);

// Writes every file asked for and prints the table, or with `json` the same as JSON, on stdout.
// `remarks` are (label, text) pairs for rows that need a word of caution.
void write_report(const std::vector<Run>& runs, const std::vector<std::pair<std::string, std::string>>& remarks,
                  const ReportOutput& output, bool json);

}  // namespace neap
