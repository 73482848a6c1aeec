// SampleFile: the file of samples for a program that is about to be started. It outlives the program.
#pragma once
#include <string>

#include "tool/profile/sample_table.h"

namespace neap {

class SampleFile {
 public:
  SampleFile();
  SampleFile(const SampleFile&) = delete;
  SampleFile& operator=(const SampleFile&) = delete;
  ~SampleFile();

  std::string path() const;  // as the program can open it, while neap lives
  std::optional<SampleTable> read() const;

 private:
  int file_;
};

}  // namespace neap
