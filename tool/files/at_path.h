// What stands at a path, told from its first bytes, and whether another neap is writing it.
#pragma once
#include <string>

#include "tool/model/file_kind.h"

namespace neap {

// Throws UsageFailure when the path is a folder or cannot be read.
FileKind kind_of(const std::string& path);

// Whether two paths lead to the same file that exists.
bool is_same_file(const std::string& a, const std::string& b);

// Held by a neap as long as it writes a file, so that no other one writes there: advisory, gone with the process.
// Apart from SQLite's own locks. Declare it before the database: closing it earlier would drop those.
class WriterLock {
 public:
  explicit WriterLock(const std::string& path);  // the file exists
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;
  ~WriterLock();

 private:
  int file_;
};

bool is_being_written(const std::string& path);

}  // namespace neap
