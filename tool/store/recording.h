// A recording on disk: one SQLite file per run. Three tables: fact (name, value), process, sample (columns from
// model/sample_fields.h). Written in WAL mode with a commit at least each second, so that a recorder that is killed
// loses at most its last second; readers may open it while it is written.
#pragma once
#include <memory>
#include <string>

#include "tool/model/run.h"
#include "tool/model/sink.h"
#include "tool/store/sqlite.h"

namespace neap {

inline constexpr std::int64_t recording_application_id = 0x4e454150;  // "NEAP", in SQLite's header
inline constexpr std::int64_t recording_version = 1;

class RecordingWriter : public SampleSink {
 public:
  // Refuses an existing file unless `replace`; a file that is no recording is never replaced.
  RecordingWriter(const std::string& path, const RunFacts& facts, bool replace);
  ~RecordingWriter() override;

  void add(const Process& process) override;
  void add(const Sample& sample) override;
  void keep() override;
  void finish(const RunEnd& end) override;

  // Corrects a fact that was only known after the start.
  void set_fact(const std::string& name, const std::string& value);

 private:
  void begin();

  std::unique_ptr<Database> database_;
  std::unique_ptr<Statement> insert_sample_;
  std::unique_ptr<Statement> insert_process_;
  bool in_transaction_ = false;
};

Run read_recording(const std::string& path);
void write_recording(const std::string& path, const Run& run, bool replace);

}  // namespace neap
