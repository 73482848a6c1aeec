// How much room a stack gets and how it is filled.
#pragma once

#include <cstdint>

#include "heap/stacks.h"

namespace neap {

inline constexpr std::uint32_t kFirstRoom = 4;

// Slots that a stack of `room` is to get on top, where it may have `most`: as many again.
constexpr std::uint32_t room_wished(std::size_t c, std::uint32_t room, std::uint32_t most) {
  std::uint32_t more = room != 0 ? room : class_size(c) <= kLargestBatched ? kFirstRoom : 1;
  if (more < kObjectsPerLines[c]) more = kObjectsPerLines[c];
  return more < most - room ? more : most - room;
}

// Objects fetched for a stack of `room`: half of it, or all, by whole cache lines. Two threads that ask for small
// objects in turn must not write to the same one.
constexpr std::uint32_t refill_size(std::size_t c, std::uint32_t room, bool all) {
  const std::uint32_t lot = kObjectsPerLines[c], wish = all ? room : (room + 1) / 2;
  const std::uint32_t lines = (wish + lot - 1) / lot * lot;
  return lines <= room ? lines : wish;
}

}  // namespace neap
