// The units of the heap, pages and blocks, and what turns addresses into them. Everybody includes this. No state, no
// OS.
//
//   page   4 KiB, what the heap counts memory in
//   block  64 KiB of address space, 16 pages: a slab, a mixed block, or part of a run
#pragma once

#include <cstddef>
#include <cstdint>

namespace neap {

inline constexpr std::size_t kPageShift = 12;
inline constexpr std::size_t kPageSize = std::size_t{1} << kPageShift;
inline constexpr std::size_t kBlockShift = 16;
inline constexpr std::size_t kBlockSize = std::size_t{1} << kBlockShift;
inline constexpr std::uint32_t kPagesPerBlock = kBlockSize / kPageSize;

inline constexpr std::size_t kCacheLine = 64;  // bytes

// kMaxObjects is the most that a slab may hold. Up to kFewObjects, its descriptor has the bitmap; others have theirs
// elsewhere.
inline constexpr std::uint32_t kMaxObjects = 8192;
inline constexpr std::uint32_t kFewObjects = 128;

// One bit per page of a block, bit 0 the lowest page.
using PageMask = std::uint16_t;
static_assert(kPagesPerBlock == 16, "PageMask holds one bit per page of a block");

// The number of a block in the address space: its address divided by 64 KiB. 0 is no block.
enum class BlockId : std::uint32_t { none = 0 };

// (std::has_single_bit counts all bits where the processor's own instruction may not be assumed.)
constexpr bool is_power_of_two(std::size_t value) { return value != 0 && (value & (value - 1)) == 0; }
constexpr std::size_t round_up(std::size_t value, std::size_t power_of_two) {
  return (value + power_of_two - 1) & ~(power_of_two - 1);
}
constexpr std::size_t pages_of(std::size_t bytes) { return (bytes + kPageSize - 1) >> kPageShift; }
constexpr std::size_t blocks_of(std::size_t bytes) { return (bytes + kBlockSize - 1) >> kBlockShift; }

// A difference of two sums that others may change meanwhile: never below zero.
constexpr std::uint64_t rest(std::uint64_t all, std::uint64_t part) { return all > part ? all - part : 0; }

inline std::uintptr_t address_of(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }
inline char* pointer_to(std::uintptr_t address) { return reinterpret_cast<char*>(address); }

inline BlockId block_id_of(const void* pointer) { return static_cast<BlockId>(address_of(pointer) >> kBlockShift); }
inline std::uint32_t offset_in_block(const void* pointer) {
  return static_cast<std::uint32_t>(address_of(pointer) & (kBlockSize - 1));
}
inline char* block_address(BlockId id) { return pointer_to(static_cast<std::uintptr_t>(id) << kBlockShift); }

}  // namespace neap
