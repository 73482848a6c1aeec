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
    "CREATE TABLE process (id INTEGER PRIMARY KEY, pid INTEGER, parent_pid INTEGER, name TEXT, first_seen_us INTEGER);"
    "CREATE TABLE mark (at_us INTEGER, text TEXT);";

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

// What SQLite keeps beside a database; left behind by a recorder that was killed, it would be taken for the new one's.
void remove_companions(const std::string& path) {
  std::error_code ignored;
  for (const char* suffix : {"-wal", "-shm", "-journal"}) fs::remove(path + suffix, ignored);
}

}  // namespace

RecordingWriter::RecordingWriter(const std::string& path, const RunFacts& facts, bool replace)
    : file_(path, {FileKind::recording, {}, replace}) {
  remove_companions(file_.unfinished());
  database_ =
      std::make_unique<Database>(file_.unfinished(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, file_.target());
  database_->execute(
      fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", recording_application_id, recording_version));
  database_->execute(fmt::format("{}CREATE TABLE sample ({} INTEGER);", schema, sample_columns(" INTEGER, ")));
  lock_ = std::make_unique<WriterLock>(file_.unfinished());
  open(file_.unfinished(), "DELETE");
  for (const auto& [name, value] : to_texts(facts)) set_fact(name, value);
  keep();
}

RecordingWriter::~RecordingWriter() {
  try {
    keep();
  } catch (const Failure&) {
    // The disk is full or gone: what was kept before stays readable.
  }
  close();
  if (!file_.published()) remove_companions(file_.unfinished());
}

void RecordingWriter::close() {
  insert_sample_.reset();
  insert_process_.reset();
  database_.reset();
}

void RecordingWriter::open(const std::string& path, const char* journal_mode) {
  close();
  database_ = std::make_unique<Database>(path, SQLITE_OPEN_READWRITE, file_.target());
  database_->execute(fmt::format("PRAGMA journal_mode={}; PRAGMA synchronous=NORMAL", journal_mode));
  insert_sample_ = std::make_unique<Statement>(
      *database_,
      fmt::format("INSERT INTO sample ({}) VALUES ({})", sample_columns(","), places(sample_fields.size() + 1)));
  insert_process_ = std::make_unique<Statement>(*database_, "INSERT OR REPLACE INTO process VALUES (?,?,?,?,?)");
}

// Gives the file its name while no connection is open: SQLite names the files beside a database after it.
void RecordingWriter::publish() {
  close();
  remove_companions(file_.target());
  file_.publish();
  open(file_.target(), "WAL");
}

void RecordingWriter::begin() {
  if (in_transaction_) return;
  database_->execute("BEGIN");
  in_transaction_ = true;
}

void RecordingWriter::keep() {
  if (in_transaction_) database_->execute("COMMIT");
  in_transaction_ = false;
  if (has_samples_ && !file_.published()) publish();
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
  has_samples_ = true;
}

void RecordingWriter::add(const Mark& mark) {
  begin();
  Statement statement(*database_, "INSERT INTO mark VALUES (?,?)");
  statement.bind(1, static_cast<std::int64_t>(mark.at.count * 1e6));
  statement.bind(2, mark.text);
  statement.run();
}

void RecordingWriter::finish(const RunEnd& end) {
  for (const auto& [name, value] : to_texts(end)) set_fact(name, value);
  keep();
  if (!file_.published()) publish();  // the program ended before a first sample
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
  for (const Mark& mark : run.marks) writer.add(mark);
  if (run.end) writer.finish(*run.end);
}

}  // namespace neap
