// FrameNames: what the frames of a report are called. Each file is read once, whichever processes had it.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "tool/misuse/misuse_file.h"
#include "tool/profile/symbols.h"

namespace neap {

struct NamedFrame {
  std::string name;    // empty where the file has no names
  std::string source;  // "file.c:12", or empty
  std::string file;    // path; empty: of no file
};

class FrameNames {
 public:
  explicit FrameNames(const MisuseFile& file) : file_(file) {}
  NamedFrame named(const misuse::Frame& frame);

 private:
  const MisuseFile& file_;
  std::map<std::string, std::unique_ptr<Symbols>> symbols_;
};

}  // namespace neap
