// The recorded functions of the profiler (malloc.h). Nearly every call goes straight on to the allocator, because no
// sample is due and the freed object was not sampled. The other calls, and those that come before the allocator is
// known, take the functions that are not inlined.
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "channel_writer.h"
#include "malloc.h"
#include "next.h"
#include "sample_slots.h"
#include "sampler.h"

namespace neap::tracer {
namespace {

constexpr std::size_t kEarlyAlignment = 16;

bool is_special(const void* object) { return may_be_sampled(reinterpret_cast<std::uint64_t>(object)); }

// Called when a sample is due, or when the allocator is not known yet. `call` makes the object.
template <typename Call>
[[gnu::noinline]] void* made_when_due(std::size_t size, std::size_t alignment, Call call) {
  if (!ready()) {
    void* const taken = take_early(size, alignment);
    ask_for(taken, size);
    return taken;
  }
  void* const object = call();
  take_sample(object, size);
  return object;
}

[[gnu::noinline]] void free_special(void* object) {
  if (is_early(object)) return;
  forget_if_sampled(object);
  next().free(object);
}

[[gnu::noinline]] void* realloc_special(void* object, std::size_t size) {
  if (!is_early(object)) {
    forget_if_sampled(object);
    void* const moved = next().realloc(object, size);
    if (is_sample_due(size)) take_sample(moved, size);
    return moved;
  }
  void* const moved = record_malloc(size);
  const std::size_t readable = early_bytes_from(object);
  if (moved != nullptr) memcpy(moved, object, size < readable ? size : readable);
  return moved;
}

}  // namespace

void* record_malloc(std::size_t size) {
  if (!is_sample_due(size)) [[likely]]
    return next().malloc(size);
  return made_when_due(size, kEarlyAlignment, [size] { return next().malloc(size); });
}

void record_free(void* object) {
  if (is_special(object)) [[unlikely]]
    return free_special(object);
  next().free(object);
}

void* record_calloc(std::size_t count, std::size_t size) {
  if (!is_sample_due(count * size)) [[likely]]
    return next().calloc(count, size);
  std::size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) bytes = SIZE_MAX;
  return made_when_due(bytes, kEarlyAlignment, [count, size] { return next().calloc(count, size); });
}

void* record_realloc(void* object, std::size_t size) {
  if (object == nullptr) return record_malloc(size);
  if (is_special(object)) [[unlikely]]
    return realloc_special(object, size);
  if (!is_sample_due(size)) [[likely]]
    return next().realloc(object, size);
  return made_when_due(size, kEarlyAlignment, [object, size] { return next().realloc(object, size); });
}

void* record_memalign(std::size_t alignment, std::size_t size) {
  if (!is_sample_due(size)) return next().memalign(alignment, size);
  return made_when_due(size, alignment, [alignment, size] { return next().memalign(alignment, size); });
}

void* record_aligned_alloc(std::size_t alignment, std::size_t size) {
  if (!is_sample_due(size)) return next().aligned_alloc(alignment, size);
  return made_when_due(size, alignment, [alignment, size] { return next().aligned_alloc(alignment, size); });
}

int record_posix_memalign(void** object, std::size_t alignment, std::size_t size) {
  if (!is_sample_due(size)) return next().posix_memalign(object, alignment, size);
  int error = 0;
  void* const made = made_when_due(size, alignment, [&] {
    void* fresh = nullptr;
    error = next().posix_memalign(&fresh, alignment, size);
    return fresh;
  });
  if (error == 0 && made == nullptr) error = ENOMEM;
  if (error == 0) *object = made;
  return error;
}

}  // namespace neap::tracer
