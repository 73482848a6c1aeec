#include "tool/experiment/experiment_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tool/model/failure.h"
#include "tool/model/json_text.h"

namespace neap {
namespace {

namespace fs = std::filesystem;

constexpr const char* schema =
    "CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
    "CREATE TABLE instance (id INTEGER PRIMARY KEY, name TEXT, allocator TEXT, switched_at INTEGER, host TEXT);"
    "CREATE TABLE reading (at INTEGER, instance INTEGER REFERENCES instance, rss INTEGER, as_assigned INTEGER,"
    " PRIMARY KEY (at, instance)) WITHOUT ROWID;";

// SQLite opens whatever it is given and complains late: look first.
const std::string& checked(const std::string& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) throw UsageFailure(fmt::format("no experiment at '{}'", path));
  std::string head(16, '\0');
  std::ifstream(path, std::ios::binary).read(head.data(), static_cast<std::streamsize>(head.size()));
  if (!head.starts_with("SQLite format 3"))
    throw UsageFailure(fmt::format("'{}' is no experiment; make one with: neap experiment init", path));
  return path;
}

void check_format(Database& database, const std::string& path) {
  if (database.pragma("application_id") != experiment_application_id)
    throw UsageFailure(fmt::format("'{}' is no experiment; make one with: neap experiment init", path));
  const std::int64_t version = database.pragma("user_version");
  if (version > experiment_version)
    throw UsageFailure(
        fmt::format("'{}' has format {}, this neap reads up to {}: update neap", path, version, experiment_version));
}

void set_fact(Database& database, const std::string& name, const std::string& value) {
  Statement statement(database, "INSERT INTO fact VALUES (?,?)");
  statement.bind(1, name);
  statement.bind(2, value);
  statement.run();
}

// Two readings may come within one second, one by hand beside the timer's. The later one is kept.
void add_readings(Database& database, const std::vector<Reading>& readings) {
  Statement statement(database, "INSERT OR REPLACE INTO reading VALUES (?,?,?,?)");
  for (const Reading& reading : readings) {
    statement.bind(1, reading.at.unix_s);
    statement.bind(2, static_cast<std::int64_t>(reading.instance));
    statement.bind(3, static_cast<std::int64_t>(reading.rss.count));
    statement.bind(4, reading.as_assigned ? std::optional<std::int64_t>(*reading.as_assigned) : std::nullopt);
    statement.run();
  }
}

void fill(Database& database, const Experiment& experiment) {
  database.execute("BEGIN");
  database.execute(
      fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", experiment_application_id, experiment_version));
  database.execute(schema);
  set_fact(database, "name", experiment.name);
  set_fact(database, "origin", experiment.origin);
  set_fact(database, "groups", json_text(nlohmann::json(experiment.groups)));
  set_fact(database, "seed", std::to_string(experiment.seed));
  set_fact(database, "created", std::to_string(experiment.created.unix_s));
  Statement statement(database, "INSERT INTO instance VALUES (?,?,?,?,?)");
  for (std::size_t at = 0; at < experiment.instances.size(); ++at) {
    const Instance& instance = experiment.instances[at];
    statement.bind(1, static_cast<std::int64_t>(at));
    statement.bind(2, instance.name);
    statement.bind(3, instance.group);
    statement.bind(4, instance.switched_at ? std::optional(instance.switched_at->unix_s) : std::nullopt);
    statement.bind(5, instance.host);
    statement.run();
  }
  add_readings(database, experiment.readings);
  database.execute("COMMIT");
}

std::string fact(Database& database, const std::string& name) {
  Statement row(database, "SELECT value FROM fact WHERE name = ?");
  row.bind(1, name);
  return row.step() ? row.text(0) : std::string();
}

}  // namespace

void create_experiment(const std::string& path, const Experiment& experiment) {
  std::error_code error;
  if (fs::exists(path, error))
    throw UsageFailure(
        fmt::format("experiment '{}' is there already, in '{}'; choose another name", experiment.name, path));
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty()) fs::create_directories(folder, error);
  if (error) throw Failure(fmt::format("cannot make folder '{}': {}", folder.string(), error.message()));
  const std::string unfinished = fmt::format("{}.{}", path, ::getpid());
  fs::remove(unfinished, error);
  try {
    Database database(unfinished, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    fill(database, experiment);
  } catch (...) {
    fs::remove(unfinished, error);
    throw;
  }
  // A link, unlike a rename, does not replace what another neap has put there in the meantime.
  const int linked = ::link(unfinished.c_str(), path.c_str());
  const int reason = errno;
  fs::remove(unfinished, error);
  if (linked != 0) throw Failure(fmt::format("cannot create '{}': {}", path, std::strerror(reason)));
}

Experiment read_assignment(const std::string& path) {
  Database database(checked(path), SQLITE_OPEN_READONLY);
  check_format(database, path);
  Experiment experiment;
  experiment.name = fact(database, "name");
  experiment.origin = fact(database, "origin");
  const auto groups = nlohmann::json::parse(fact(database, "groups"), nullptr, false);
  if (groups.is_array()) experiment.groups = groups.get<std::vector<std::string>>();
  experiment.seed = std::strtoull(fact(database, "seed").c_str(), nullptr, 10);
  experiment.created = {std::strtoll(fact(database, "created").c_str(), nullptr, 10)};
  const bool has_hosts = database.pragma("user_version") >= 2;
  Statement instances(database, fmt::format("SELECT name, allocator, switched_at, {} FROM instance ORDER BY id",
                                            has_hosts ? "host" : "''"));
  while (instances.step()) {
    Instance& instance = experiment.instances.emplace_back(Instance{instances.text(0), instances.text(1), {}});
    if (const auto at = instances.number(2)) instance.switched_at = Moment{*at};
    instance.host = instances.text(3);
  }
  return experiment;
}

Experiment read_experiment(const std::string& path) {
  Experiment experiment = read_assignment(path);
  Database database(path, SQLITE_OPEN_READONLY);
  Statement readings(database, "SELECT at, instance, rss, as_assigned FROM reading ORDER BY at, instance");
  while (readings.step()) {
    const auto instance = static_cast<std::size_t>(readings.number(1).value_or(0));
    if (instance >= experiment.instances.size())
      throw Failure(fmt::format("'{}' is damaged: a reading of an instance that is not there", path));
    Reading reading{
        {readings.number(0).value_or(0)}, instance, {static_cast<std::uint64_t>(readings.number(2).value_or(0))}, {}};
    if (const auto as_assigned = readings.number(3)) reading.as_assigned = *as_assigned != 0;
    experiment.readings.push_back(reading);
  }
  return experiment;
}

ExperimentFile::ExperimentFile(const std::string& path) : database_(checked(path), SQLITE_OPEN_READWRITE) {
  check_format(database_, path);
}

void ExperimentFile::mark_switched(std::size_t instance, Moment at) {
  Statement statement(database_, "UPDATE instance SET switched_at = ? WHERE id = ?");
  statement.bind(1, at.unix_s);
  statement.bind(2, static_cast<std::int64_t>(instance));
  statement.run();
}

void ExperimentFile::add(const std::vector<Reading>& readings) {
  database_.execute("BEGIN IMMEDIATE");
  try {
    add_readings(database_, readings);
    database_.execute("COMMIT");
  } catch (...) {
    ::sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

}  // namespace neap
