// Which allocator a library is, told by the name of its file: "libmimalloc.so.2", "libmimalloc-2.0.9.so",
// "libtcmalloc_minimal_debug.so.4". And what can be told of a file whose name says nothing.
#pragma once
#include <string>
#include <string_view>

#include "tool/allocators/table.h"

namespace neap {

// Of a path or a bare name; null for what no row of the table knows.
const AllocatorRow* row_of_library(std::string_view path);

// Whether LD_PRELOAD or ld.so.preload can name the path: they take blanks and colons for ends.
bool can_be_preloaded(std::string_view path);

}  // namespace neap
