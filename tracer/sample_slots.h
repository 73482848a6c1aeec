// The live sampled objects, by address. An address has sixteen places in the table, two cache lines of eight.
//
// Before the table there is a filter, and nearly every free looks at nothing else. The filter has a byte for each 256
// bytes of the lower half of an address. Neighbouring objects have neighbouring bytes, so the filter is in the CPU's
// caches where the objects are. A bit of the byte is a granule of 32 bytes, which tells most neighbours of a sample
// apart from it. The filter is 16 MiB of zeros; only pages that have met a sample take memory.
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

// True for sampled objects and those near one; false for all others.
inline bool may_be_sampled(std::uint64_t address) { return filter_of(address).load(std::memory_order_relaxed) != 0; }

// After this call may_be_sampled() is true for every address of the range, for good. Called before there is a second
// thread.
void ask_for(const void* from, std::size_t bytes);

// Puts the object into the table; false when all places of its address are taken.
bool keep_sample(samples::Table& table, std::uint64_t address, const samples::Object& object);
void forget_sample(samples::Table& table, std::uint64_t address);

}  // namespace neap::tracer
