// Look: all that one look at a program's memory gives: what its resident memory is, and its heaps page by page.
#pragma once
#include <sys/types.h>

#include "tool/fill/heap_fill.h"
#include "tool/fill/readers.h"

namespace neap {

// Resident bytes by what they are. In a core, where no kernel counts, `resident` of the rest is what the file holds.
enum class PartKind : std::uint8_t { files, stacks, heap, own, others, shared, kernel };
struct Part {
  PartKind kind;
  const char* name;
  std::uint64_t resident = 0, swapped = 0;
};

struct Look {
  pid_t pid = 0;  // 0: a core
  std::string name;
  std::uint64_t page_size = 4096;
  std::uint64_t resident = 0, proportional = 0, swapped = 0;
  std::vector<Part> parts;
  std::vector<HeapFill> heaps;
  std::vector<FillSums> sums;  // of the heaps
  std::vector<Unread> unread;

  std::uint64_t live() const;   // bytes of live objects that are resident
  std::uint64_t waste() const;  // free bytes on resident pages of heaps
  std::uint64_t part(PartKind kind) const;
};

Look look_at(AddressSpace& space, pid_t pid, const std::string& name);

}  // namespace neap
