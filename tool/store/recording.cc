#include "tool/store/recording.h"

#include <fmt/format.h>

#include <filesystem>

#include "tool/model/failure.h"
#include "tool/model/sample_fields.h"
#include "tool/store/facts.h"

namespace neap {
namespace {

namespace fs = std::filesystem;

constexpr const char* schema =
    "CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
    "CREATE TABLE process (id INTEGER PRIMARY KEY, pid INTEGER, parent_pid INTEGER, name TEXT, first_seen_us INTEGER);";

std::string sample_columns(const char* separator) {
  std::string columns = "process";
  for (const SampleField& field : sample_fields) columns += separator + std::string(field.name);
  return columns;
}

std::string places(std::size_t count) {
  std::string text = "?";
  for (std::size_t at = 1; at < count; ++at) text += ",?";
  return text;
}

bool is_recording(const std::string& path) {
  try {
    Database database(path, SQLITE_OPEN_READONLY);
    return database.pragma("application_id") == recording_application_id;
  } catch (const Failure&) {
    return false;
  }
}

void make_way(const std::string& path, bool replace) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return;
  if (!is_recording(path)) throw UsageFailure(fmt::format("'{}' exists and is no recording; choose another -o", path));
  if (!replace) throw UsageFailure(fmt::format("'{}' exists; choose another -o, or --force to replace it", path));
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(path + suffix, ignored);
}

}  // namespace

RecordingWriter::RecordingWriter(const std::string& path, const RunFacts& facts, bool replace) {
  make_way(path, replace);
  database_ = std::make_unique<Database>(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  database_->execute("PRAGMA journal_mode=WAL");
  database_->execute("PRAGMA synchronous=NORMAL");
  database_->execute(
      fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", recording_application_id, recording_version));
  database_->execute(fmt::format("{}CREATE TABLE sample ({} INTEGER);", schema, sample_columns(" INTEGER, ")));
  insert_sample_ = std::make_unique<Statement>(
      *database_,
      fmt::format("INSERT INTO sample ({}) VALUES ({})", sample_columns(","), places(sample_fields.size() + 1)));
  insert_process_ = std::make_unique<Statement>(*database_, "INSERT OR REPLACE INTO process VALUES (?,?,?,?,?)");
  for (const auto& [name, value] : to_texts(facts)) set_fact(name, value);
  keep();
}

RecordingWriter::~RecordingWriter() {
  try {
    keep();
  } catch (const Failure&) {
    // The disk is full or gone: what was kept before stays readable.
  }
}

void RecordingWriter::begin() {
  if (in_transaction_) return;
  database_->execute("BEGIN");
  in_transaction_ = true;
}

void RecordingWriter::keep() {
  if (!in_transaction_) return;
  database_->execute("COMMIT");
  in_transaction_ = false;
}

void RecordingWriter::set_fact(const std::string& name, const std::string& value) {
  begin();
  Statement statement(*database_, "INSERT OR REPLACE INTO fact VALUES (?,?)");
  statement.bind(1, name);
  statement.bind(2, value);
  statement.run();
}

void RecordingWriter::add(const Process& process) {
  begin();
  insert_process_->bind(1, process.id);
  insert_process_->bind(2, process.pid);
  insert_process_->bind(3, process.parent_pid);
  insert_process_->bind(4, process.name);
  insert_process_->bind(5, static_cast<std::int64_t>(process.first_seen.count * 1e6));
  insert_process_->run();
}

void RecordingWriter::add(const Sample& sample) {
  begin();
  int place = 1;
  insert_sample_->bind(place++, sample.process);
  for (const SampleField& field : sample_fields) insert_sample_->bind(place++, field.get(sample));
  insert_sample_->run();
}

void RecordingWriter::finish(const RunEnd& end) {
  for (const auto& [name, value] : to_texts(end)) set_fact(name, value);
  keep();
  try {
    database_->execute("PRAGMA journal_mode=DELETE");  // one plain file, readable from a read-only place
  } catch (const Failure&) {
    // Somebody is reading it: nothing is lost, and the next one who opens it alone puts it into one file.
  }
}

void write_recording(const std::string& path, const Run& run, bool replace) {
  RecordingWriter writer(path, run.facts, replace);
  for (const Process& process : run.processes) writer.add(process);
  for (const Sample& sample : run.samples) writer.add(sample);
  if (run.end) writer.finish(*run.end);
}

}  // namespace neap
