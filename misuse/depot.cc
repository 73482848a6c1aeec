#include "misuse/depot.h"

#include <atomic>
#include <cstring>

#include "misuse/memory.h"

namespace neap::misuse {
namespace {

constexpr std::size_t kPlaces = std::size_t{1} << kStackBits, kTries = 32;
constexpr std::size_t kWords = kPlaces * 12;  // of all stacks; a usual one has fewer frames than kDepth

struct Place {
  std::atomic<std::uint64_t> hash;   // 0: free
  std::atomic<std::uint32_t> where;  // of its depth, which its frames follow; 0: not written yet
};

constinit Place* places = nullptr;
constinit std::uint64_t* words = nullptr;
constinit std::atomic<std::uint64_t> used{1};

// 0 when there is no room.
std::uint32_t keep(const StackHere& stack) {
  std::uint64_t pc[kDepth];
  const std::size_t depth = stack.copy(pc);
  if (used.load(std::memory_order_relaxed) + depth + 1 > kWords) return 0;
  const std::uint64_t where = used.fetch_add(depth + 1, std::memory_order_relaxed);
  if (where + depth + 1 > kWords) return 0;
  words[where] = depth;
  std::memcpy(words + where + 1, pc, depth * sizeof *pc);
  return static_cast<std::uint32_t>(where);
}

}  // namespace

bool open_depot() {
  words = static_cast<std::uint64_t*>(take_memory(kWords * sizeof *words));
  auto* const memory = static_cast<Place*>(take_memory(kPlaces * sizeof *places));
  if (words != nullptr) places = memory;
  return places != nullptr;
}

StackNumber number_of(const StackHere& stack) {
  if (places == nullptr) return 0;
  const std::uint64_t hash = stack.hash() | 1;
  for (std::size_t i = 0; i < kTries; ++i) {
    const std::size_t at = ((hash >> (64 - kStackBits)) + i) & (kPlaces - 1);
    if (at == 0) continue;
    Place& place = places[at];
    std::uint64_t there = place.hash.load(std::memory_order_relaxed);
    if (there == hash) return static_cast<StackNumber>(at);
    if (there == 0 && place.hash.compare_exchange_strong(there, hash)) {
      place.where.store(keep(stack), std::memory_order_release);
      return static_cast<StackNumber>(at);
    }
    if (there == hash) return static_cast<StackNumber>(at);
  }
  return 0;
}

std::span<const std::uint64_t> stack_of(StackNumber number) {
  const std::uint32_t where = places == nullptr ? 0 : places[number].where.load(std::memory_order_acquire);
  if (where == 0) return {};
  return {words + where + 1, words[where]};
}

}  // namespace neap::misuse
