// What every call of the profiled program passes through: a subtraction from a word of the thread and a branch.
#pragma once

#include <cstddef>
#include <cstdint>

#include "format/samples.h"

namespace neap::tracer {

// Bytes, with the extra ones of each object, until the thread's next sample. 0 until its first call.
[[gnu::tls_model("initial-exec"), gnu::visibility("hidden")]] extern constinit thread_local std::int64_t bytes_to_next;

inline bool is_sample_due(std::size_t size) {
  bytes_to_next -= static_cast<std::int64_t>(size + samples::kExtra);
  return bytes_to_next <= 0;
}

// Once it is due and the object is made; null when there is none.
void take_sample(const void* object, std::size_t size);
void forget_if_sampled(const void* object);

}  // namespace neap::tracer
