// Roots: the memory from which a program can reach its objects: what it can write to, but for the heap's, and of stacks
// what is in use. Memory that nothing was ever written to is not looked at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace neap::misuse {

// A range that holds objects, or is nobody's business.
using IsSkipped = bool (*)(std::uint64_t begin, std::uint64_t end, const void* with);
// fn(first, behind the last word, with)
using Scan = void (*)(const std::uint64_t* from, const std::uint64_t* to, void* with);

// `stacks`: where those end that are in use, downwards. False when the system does not tell where memory lies.
bool each_root(std::span<const std::uint64_t> stacks, IsSkipped is_skipped, Scan scan, void* with);

}  // namespace neap::misuse
