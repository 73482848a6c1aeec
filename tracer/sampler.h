// What every call of the profiled program passes through: an addition to a word of the thread and a branch.
#pragma once

#include <cstddef>
#include <cstdint>

#include "format/samples.h"

namespace neap::tracer {

// Bytes, with the extra ones of each object, counted up to where the word overflows: the thread's next sample is due.
// So an addition in memory and its carry are all; its first call overflows at once.
[[gnu::tls_model("initial-exec"), gnu::visibility("hidden")]] extern constinit thread_local std::uint64_t bytes_passed;

inline bool is_sample_due(std::size_t size) {
  return __builtin_add_overflow(bytes_passed, size + samples::kExtra, &bytes_passed);
}

// Once it is due and the object is made; null when there is none.
void take_sample(const void* object, std::size_t size);
void forget_if_sampled(const void* object);

}  // namespace neap::tracer
