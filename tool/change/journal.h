// The journal: an entry for each switch: which files, what was in them before, what neap puts there. An entry is on
// the disk before the first of its files is touched, and goes away after the last of them is restored. What holds now
// is told by comparing the files with it, so it is right at whatever point a neap was killed.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tool/change/durable.h"
#include "tool/model/allocator.h"

namespace neap {

struct FileChange {
  std::string path;
  std::optional<FileImage> original;  // before the first neap: what disable restores
  std::optional<FileImage> from;      // before this switch: what a rollback restores
  std::optional<FileImage> to;
  bool is_edit = false;  // of somebody else's file, which they may change further
};

// A unit of the target as it was when its switch was made, or verified: later figures are compared with it.
struct UnitMark {
  std::string invocation;            // which start of it
  std::uint32_t restarts = 0;        // by systemd
  std::uint64_t oom_kills = 0;       // by the kernel, in its control group
  std::vector<std::string> workers;  // "PID START" of those that it keeps
};

struct Entry {
  std::string target;                                      // "tor@default.service", "system", "session", "program NAME"
  std::string allocator;                                   // as the user named it
  std::string library;                                     // what is preloaded; empty for a bare libc
  std::string previous;                                    // allocator of the entry that this one replaces
  std::int64_t since = 0;                                  // of the switch, seconds since 1970
  bool complete = false;                                   // every step was made, verification included
  std::vector<FileChange> files;                           // written in this order, restored in the other
  std::string effective;                                   // path of the one that makes the switch
  std::vector<std::string> folders;                        // made for them, outermost first
  std::optional<std::uint64_t> bytes_before, bytes_after;  // resident memory of the processes around the switch
  std::map<std::string, UnitMark> marks;                   // by the names of the units
  std::string part_of;               // the template whose steps made it; empty: it was asked for itself
  std::int64_t probation_until = 0;  // seconds since 1970; 0: none
};

// The entry of a switch that begins now; its files are still to be named.
Entry begin_entry(const std::string& target, const Allocator& allocator);

// What the files of an entry hold.
enum class Standing {
  in_force,  // all that neap wrote
  before,    // what this switch found
  restored,  // what the first switch found
  edited,    // something else: by hand, or by another program
};

Standing standing_of(const Root& root, const FileChange& change);
// What the file has to become so that it is as `before` again: an edit is taken out of what it holds now.
std::optional<FileImage> as_before(const Root& root, const FileChange& change, const std::optional<FileImage>& before);
// That of the effective file; `edited` when any is.
Standing standing_of(const Root& root, const Entry& entry);
// The files that hold something else, for the message.
std::vector<std::string> edited_files(const Root& root, const Entry& entry);

// An entry that cannot be read, and why.
struct BrokenEntry {
  std::string target, why;
};

class Journal {
 public:
  explicit Journal(std::string folder) : folder_(std::move(folder)) {}
  const std::string& folder() const { return folder_; }
  std::optional<Entry> load(const std::string& target) const;
  // Those that can be read; the others do not keep anybody from them.
  std::vector<Entry> load_all(std::vector<BrokenEntry>& broken) const;
  void save(const Entry& entry) const;  // durably
  void erase(const std::string& target) const;
  void clear_unfinished() const;  // what a neap killed at the write of an entry left; the caller holds the Lock

 private:
  std::string path_of(const std::string& target) const;
  std::string folder_;
};

}  // namespace neap
