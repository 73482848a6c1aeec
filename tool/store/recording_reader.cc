#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "tool/model/failure.h"
#include "tool/model/sample_fields.h"
#include "tool/store/facts.h"
#include "tool/store/recording.h"

namespace neap {
namespace {

void check_format(Database& database, const std::string& path) {
  if (database.pragma("application_id") != recording_application_id)
    throw UsageFailure(
        fmt::format("'{}' is no recording of neap; make one with: neap record -o FILE -- PROGRAM", path));
  const std::int64_t version = database.pragma("user_version");
  if (version > recording_version)
    throw UsageFailure(
        fmt::format("'{}' has format {}, this neap reads up to {}: update neap", path, version, recording_version));
}

FactTexts read_facts(Database& database, const std::string& path) {
  FactTexts texts;
  Statement rows(database, "SELECT name, value FROM fact");
  while (rows.step()) texts[rows.text(0)] = rows.text(1);
  texts[file_fact] = path;
  return texts;
}

std::vector<Process> read_processes(Database& database) {
  std::vector<Process> processes;
  Statement rows(database, "SELECT id, pid, parent_pid, name, first_seen_us FROM process ORDER BY id");
  while (rows.step()) {
    Process process;
    process.id = rows.number(0).value_or(0);
    process.pid = static_cast<std::int32_t>(rows.number(1).value_or(0));
    process.parent_pid = static_cast<std::int32_t>(rows.number(2).value_or(0));
    process.name = rows.text(3);
    process.first_seen = {static_cast<double>(rows.number(4).value_or(0)) / 1e6};
    processes.push_back(std::move(process));
  }
  return processes;
}

// A recording of an older neap lacks the newer columns: they read as empty.
std::string known_columns(Database& database) {
  std::set<std::string> present;
  Statement rows(database, "SELECT name FROM pragma_table_info('sample')");
  while (rows.step()) present.insert(rows.text(0));
  std::string columns = "process";
  for (const SampleField& field : sample_fields)
    columns += std::string(",") + (present.contains(field.name) ? field.name : "NULL");
  return columns;
}

// Older recordings have none.
std::vector<Mark> read_marks(Database& database) {
  std::vector<Mark> marks;
  Statement known(database, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'mark'");
  if (!known.step()) return marks;
  Statement rows(database, "SELECT at_us, text FROM mark ORDER BY at_us");
  while (rows.step()) marks.push_back({{static_cast<double>(rows.number(0).value_or(0)) / 1e6}, rows.text(1)});
  return marks;
}

constexpr std::int64_t most = std::int64_t{1} << 56;  // bytes, microseconds or counts

std::int64_t checked(const SampleField& field, std::int64_t value, const std::string& path) {
  if (value >= 0 && value <= most) return value;
  throw UsageFailure(fmt::format("'{}' is damaged: a sample's {} is {}", path, field.name, value));
}

std::vector<Sample> read_samples(Database& database, const std::string& path) {
  std::vector<Sample> samples;
  Statement rows(database, "SELECT " + known_columns(database) + " FROM sample ORDER BY at_us, process");
  while (rows.step()) {
    Sample sample;
    sample.process = rows.number(0).value_or(0);
    int column = 1;
    for (const SampleField& field : sample_fields) {
      if (const auto value = rows.number(column)) field.set(sample, checked(field, *value, path));
      ++column;
    }
    samples.push_back(sample);
  }
  return samples;
}

// SQLite says "file is not a database" only at the first read.
Run read_all(Database& database, const std::string& path) {
  check_format(database, path);
  const FactTexts texts = read_facts(database, path);
  return {facts_from(texts), read_processes(database), read_samples(database, path), end_from(texts),
          read_marks(database)};
}

}  // namespace

Run read_recording(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) throw UsageFailure(fmt::format("no recording at '{}'", path));
  Database database(path, SQLITE_OPEN_READONLY);
  Run run = read_all(database, path);
  if (run.facts.label.empty()) run.facts.label = std::filesystem::path(path).stem().string();
  return run;
}

}  // namespace neap
