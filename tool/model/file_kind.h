// The kinds of files that neap writes and reads again: the first bytes that tell a kind, its name, and the command that
// makes it. The refusals of other kinds, and the hints in them, derive from this table.
#pragma once
#include <array>
#include <cstdint>

namespace neap {

enum class FileKind {
  none,    // nothing is there, or an empty file
  device,  // no regular file: /dev/null, a pipe, a terminal
  recording,
  experiment,
  trace,
  other,
};

inline constexpr std::int64_t recording_application_id = 0x4e454150;   // "NEAP", in SQLite's header
inline constexpr std::int64_t experiment_application_id = 0x4e454158;  // "NEAX"

struct FileKindRow {
  FileKind kind;
  const char* name;
  const char* article;
  const char* maker;  // the command that makes one
};

inline constexpr std::array file_kinds = {
    FileKindRow{FileKind::recording, "recording", "a recording", "neap record -o FILE -- PROGRAM"},
    FileKindRow{FileKind::experiment, "experiment", "an experiment", "neap experiment init"},
    FileKindRow{FileKind::trace, "trace", "a trace", "neap trace record -o FILE -- PROGRAM"},
};

// The row of a kind; null for `none`, `device` and `other`, which have none.
constexpr const FileKindRow* find_kind(FileKind kind) {
  for (const FileKindRow& row : file_kinds)
    if (row.kind == kind) return &row;
  return nullptr;
}

}  // namespace neap
