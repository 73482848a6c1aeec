// Roots: the memory from which a program reaches its objects. That is all memory that the program can write to, without
// the heap's own, and of each stack the part in use. Pages that were never written to hold no pointers and are left
// out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace neap::misuse {

// Says whether a range is no root: it holds objects, or the checker's own memory.
using IsSkipped = bool (*)(std::uint64_t begin, std::uint64_t end, const void* with);
// Called with the first word of a range, the end behind its last word, and `with`.
using Scan = void (*)(const std::uint64_t* from, const std::uint64_t* to, void* with);

// `stacks` are the stack pointers of the stopped threads: what lies below them is not in use. False when the system
// does not tell where memory lies.
bool each_root(std::span<const std::uint64_t> stacks, IsSkipped is_skipped, Scan scan, void* with);

}  // namespace neap::misuse
