// The sampled objects that live, by address: eight addresses to a cache line, two lines for each hash. Before them a
// filter that nearly every free asks alone: a count of samples for each 256 bytes of addresses, side by side as the
// objects are, so that it is in the caches where those are.
#pragma once

#include <atomic>
#include <cstddef>

#include "format/samples.h"

namespace neap::tracer {

constexpr std::size_t kFilter = std::size_t{1} << 20;
extern std::atomic<std::uint8_t> sample_filter[kFilter];

inline std::atomic<std::uint8_t>& filter_of(std::uint64_t address) {
  return sample_filter[address >> 8 & (kFilter - 1)];
}

// False for all objects that were not sampled but a few.
inline bool may_be_sampled(std::uint64_t address) { return filter_of(address).load(std::memory_order_relaxed) != 0; }

// From then on the filter says of all in that range that it may be sampled.
void ask_for(const void* from, std::size_t bytes);

// False when there is no room.
bool keep_sample(samples::Table& table, std::uint64_t address, const samples::Object& object);
void forget_sample(samples::Table& table, std::uint64_t address);

}  // namespace neap::tracer
