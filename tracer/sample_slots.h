// The sampled objects that live, by address: eight addresses to a cache line, two lines for each hash. Before them a
// filter that nearly every free asks alone: a byte for each 256 bytes of an address's lower half, side by side as the
// objects are, so that it is in the caches where those are. A bit of it is a granule, 32 bytes, so that a neighbour of
// a sample is told from it without a look at the table. Of its 16 MiB those pages have memory that have met a sample.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "format/samples.h"

namespace neap::tracer {

extern std::atomic<std::uint8_t> sample_filter[std::size_t{1} << 24];

inline std::atomic<std::uint8_t>& filter_of(std::uint64_t address) {
  return sample_filter[static_cast<std::uint32_t>(address) >> 8];
}

// False for all objects that were not sampled but the neighbours of those that were.
inline bool may_be_sampled(std::uint64_t address) { return filter_of(address).load(std::memory_order_relaxed) != 0; }

// From then on the filter says of all in that range that it may be sampled. Called before there is a second thread.
void ask_for(const void* from, std::size_t bytes);

// False when there is no room.
bool keep_sample(samples::Table& table, std::uint64_t address, const samples::Object& object);
void forget_sample(samples::Table& table, std::uint64_t address);

}  // namespace neap::tracer
