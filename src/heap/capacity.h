// How far the capacity of a stack grows, and how much of it a refill fetches.
#pragma once

#include <cstdint>

#include "heap/stacks.h"

namespace neap {

inline constexpr std::uint32_t kFirstCapacity = 4;

// Slots that a stack of `capacity` is to get on top, where it may have `max`: as many again.
constexpr std::uint32_t growth_of(std::size_t c, std::uint32_t capacity, std::uint32_t max) {
  std::uint32_t more = capacity != 0 ? capacity : class_size(c) <= kLargestBatched ? kFirstCapacity : 1;
  if (more < kObjectsPerLines[c]) more = kObjectsPerLines[c];
  return more < max - capacity ? more : max - capacity;
}

// Objects fetched for a stack of `capacity`: half of it, or all, by whole cache lines. Two threads that ask for small
// objects in turn must not write to the same one.
constexpr std::uint32_t refill_size(std::size_t c, std::uint32_t capacity, bool all) {
  const std::uint32_t lot = kObjectsPerLines[c], wish = all ? capacity : (capacity + 1) / 2;
  const std::uint32_t lines = (wish + lot - 1) / lot * lot;
  return lines <= capacity ? lines : wish;
}

}  // namespace neap
