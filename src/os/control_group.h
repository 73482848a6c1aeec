// The limits of the control groups that the process lives in, read from the system's files: cgroup v2, or v1 where that
// has the memory controller. Pure but for the reader that it is given, so that tests read files of their own.
#pragma once

#include <cstddef>

#include "os/os.h"

namespace neap::os {

// Reads the first `most` bytes of a file; how many there are, 0 where it cannot be read.
using ReadFile = std::size_t (*)(const char* path, char* out, std::size_t most);

// The memory that a look needs, which is too much for the smallest stack that a thread may have.
struct GroupTexts {
  char membership[4096], file[4096], path[2048];
};

// Looks at the process's own group and at those above it, as far as the process sees them, and gives the one that has
// least left. It has no limit where there is none, or where none can be read.
GroupMemory read_group_memory(ReadFile read, GroupTexts& texts);

}  // namespace neap::os
