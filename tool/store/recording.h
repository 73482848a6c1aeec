// A recording on disk: one SQLite file per run. Tables: fact (name, value), process, mark, sample (columns from
// model/sample_fields.h). It comes under its name with its first samples, whole, and replaces what stood there only
// then; from there on it is in WAL mode with a commit at least each second, so that a recorder that is killed loses at
// most its last second. Readers may open it while it is written; no other neap writes there.
#pragma once
#include <memory>
#include <string>

#include "tool/files/target.h"
#include "tool/model/run.h"
#include "tool/model/sink.h"
#include "tool/store/sqlite.h"

namespace neap {

inline constexpr std::int64_t recording_version = 1;

class RecordingWriter : public SampleSink {
 public:
  // Refuses an existing file unless `replace`, and always one that is no recording or that another neap writes.
  RecordingWriter(const std::string& path, const RunFacts& facts, bool replace);
  ~RecordingWriter() override;

  void add(const Process& process) override;
  void add(const Sample& sample) override;
  void add(const Mark& mark) override;
  void keep() override;
  void finish(const RunEnd& end) override;

  // Corrects a fact that was only known after the start.
  void set_fact(const std::string& name, const std::string& value);

 private:
  void begin();
  void open(const std::string& path, const char* journal_mode);
  void close();
  void publish();

  NewFile file_;
  std::unique_ptr<WriterLock> lock_;  // before the database: see WriterLock
  std::unique_ptr<Database> database_;
  std::unique_ptr<Statement> insert_sample_;
  std::unique_ptr<Statement> insert_process_;
  bool in_transaction_ = false;
  bool has_samples_ = false;
};

Run read_recording(const std::string& path);
void write_recording(const std::string& path, const Run& run, bool replace);

}  // namespace neap
