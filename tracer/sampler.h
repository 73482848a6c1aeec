// The sampler, as every call of the profiled program meets it: an allocation adds to a word of the thread and branches
// on the carry.
#pragma once

#include <cstddef>
#include <cstdint>

#include "format/samples.h"

namespace neap::tracer {

// Counts the bytes that the thread allocates, and samples::kExtra for each object. It begins so far below 2^64 that it
// overflows when the thread's next sample is due. A new thread's first call overflows at once, and sets it.
[[gnu::tls_model("initial-exec"), gnu::visibility("hidden")]] extern constinit thread_local std::uint64_t bytes_passed;

inline bool is_sample_due(std::size_t size) {
  return __builtin_add_overflow(bytes_passed, size + samples::kExtra, &bytes_passed);
}

// Called after the overflow, with the object that the call made, or null when it made none.
void take_sample(const void* object, std::size_t size);
void forget_if_sampled(const void* object);

}  // namespace neap::tracer
