// Target: a file that a verb writes. It is checked before any work, written beside its place under another name, and
// moved there when it is whole. What stood there stays until then. An input of the command, or a file of another kind,
// is never replaced.
#pragma once
#include <string>
#include <vector>

#include "tool/files/at_path.h"

namespace neap {

struct TargetRules {
  FileKind kind = FileKind::other;  // what will be written
  std::vector<std::string> inputs;  // never overwritten, whatever --force says
  bool replace = true;              // an existing file of this kind makes way; exports always do
};

// Throws UsageFailure, with what to do, when the path must not or cannot be written.
void check_target(const std::string& path, const TargetRules& rules);

// A file on its way. The caller writes `unfinished()`, then publishes; without that nothing is left behind.
// For a device both names are the same.
class NewFile {
 public:
  NewFile(const std::string& path, const TargetRules& rules);  // checks the target
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile();

  const std::string& unfinished() const { return unfinished_; }
  const std::string& target() const { return target_; }
  bool published() const { return published_; }

  // From here on the file stands under its own name. Throws Failure when somebody else took the name meanwhile.
  void publish();

 private:
  std::string target_;  // links are followed: the file at their end is what is written
  std::string unfinished_;
  bool replace_;
  bool published_ = false;
};

// A whole file at once; "-" is stdout.
void write_file(const std::string& path, const std::string& content, const TargetRules& rules);

}  // namespace neap
