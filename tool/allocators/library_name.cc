#include "tool/allocators/library_name.h"

namespace neap {
namespace {

// A library of neap that stands before an allocator, and is none itself.
constexpr std::string_view recorder_stem = "libneap-trace";

bool has_stem(std::string_view file, std::string_view stem) {
  return file.starts_with(stem) && file.size() > stem.size() &&
         std::string_view("-._").find(file[stem.size()]) != std::string_view::npos;
}

}  // namespace

const AllocatorRow* row_of_library(std::string_view path) {
  const std::string_view file = path.substr(path.rfind('/') + 1);
  const AllocatorRow* found = nullptr;
  if (file.find(".so") == std::string_view::npos || file.starts_with(recorder_stem)) return found;
  for (const AllocatorRow& row : allocator_table)
    if (has_stem(file, row.stem) && (found == nullptr || row.stem.size() > found->stem.size())) found = &row;
  return found;
}

bool can_be_preloaded(std::string_view path) { return path.find_first_of(" :\t\n") == std::string_view::npos; }

}  // namespace neap
