// A folder of recordings that one command writes, one for each name: `compare --keep`, `trace replay --recordings`.
// All of its files are checked before the work begins; one that fails later does not cost the others.
#pragma once
#include <string>
#include <vector>

#include "tool/model/run.h"

namespace neap {

class RecordingFolder {
 public:
  // An empty path keeps nothing. Makes the folder; throws UsageFailure when one of the names is taken and not
  // `replace`.
  RecordingFolder(const std::string& path, const std::vector<std::string>& names, bool replace);

  void write(const std::string& name, const Run& run);  // says on stderr what could not be written
  bool complete() const { return complete_; }

 private:
  std::string file_of(std::string name) const;

  std::string path_;
  bool replace_;
  bool complete_ = true;
};

}  // namespace neap
