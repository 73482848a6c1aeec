// MisuseFile: the log of a program that is about to be started, for it and all that it starts. It outlives them.
#pragma once
#include <string>
#include <vector>

#include "format/misuse_log.h"

namespace neap {

// What a program wrote, checked: it is not trusted.
struct MisuseReport {
  misuse::Kind kind{};
  std::vector<char> bytes;  // of a misuse::Report
  const misuse::Report& get() const;
};

class MisuseFile {
 public:
  MisuseFile();
  MisuseFile(const MisuseFile&) = delete;
  MisuseFile& operator=(const MisuseFile&) = delete;
  ~MisuseFile();

  std::string path() const;  // as the program can open it, while neap lives
  // Reports that are finished and were not given before, in the order in which they were begun.
  std::vector<MisuseReport> fresh();
  std::size_t lost() const;                        // that found no room, or were cut short
  std::size_t processes() const;                   // that were looked at
  std::size_t unsearched() const;                  // of them, those in which leaks could not be looked for
  std::string module(std::uint32_t number) const;  // its path; empty: none

 private:
  int file_;
  misuse::Log* log_ = nullptr;
  std::vector<bool> given_;
};

}  // namespace neap
