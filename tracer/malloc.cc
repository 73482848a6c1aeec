// The recorded functions of the tracer (malloc.h). Each notes a free before the allocator sees it, and an allocation
// after the allocator has given the memory. A call that the allocator makes to itself by one of these names is not
// noted.
#include "malloc.h"

#include <errno.h>
#include <string.h>

#include <cstddef>

#include "channel_writer.h"
#include "next.h"

namespace neap::tracer {
namespace {

using trace::Act;

[[gnu::tls_model("initial-exec")]] constinit thread_local bool inside = false;

// True for the outermost call on this thread while the process is recorded.
class Entry {
 public:
  Entry() : outermost_(!inside && recording()) { inside = inside || outermost_; }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  ~Entry() {
    if (outermost_) inside = false;
  }
  explicit operator bool() const { return outermost_; }

 private:
  const bool outermost_;
};

constexpr std::size_t kEarlyAlignment = 16;

unsigned log2_of(std::size_t alignment) {
  return static_cast<unsigned>(__builtin_ctzl(alignment | std::size_t{1} << 31));
}

void* noted(const Entry& entry, Act act, void* object, std::size_t size, unsigned alignment_log2 = 0) {
  if (entry && object != nullptr) note(act, object, size, alignment_log2);
  return object;
}

}  // namespace

void* record_malloc(std::size_t size) {
  if (!ready()) [[unlikely]]
    return take_early(size, kEarlyAlignment);
  const Entry entry;
  return noted(entry, Act::allocate, next().malloc(size), size);
}

void record_free(void* object) {
  if (object == nullptr || is_early(object) || !ready()) return;
  const Entry entry;
  if (entry) note(Act::release, object, 0);
  next().free(object);
}

void* record_calloc(std::size_t count, std::size_t size) {
  if (!ready()) [[unlikely]]
    return take_early_zeroed(count, size, kEarlyAlignment);
  const Entry entry;
  return noted(entry, Act::zeroed, next().calloc(count, size), count * size);
}

namespace {

void* move_from_early(void* object, std::size_t size) {
  void* moved = record_malloc(size);
  const std::size_t readable = early_bytes_from(object);
  if (moved != nullptr) memcpy(moved, object, size < readable ? size : readable);
  return moved;
}

}  // namespace

void* record_realloc(void* object, std::size_t size) {
  if (object == nullptr) return record_malloc(size);
  if (is_early(object)) return move_from_early(object, size);
  if (!ready()) return nullptr;
  const Entry entry;
  if (entry) note(Act::resize_begin, object, 0);
  void* moved = next().realloc(object, size);
  if (entry) note(Act::resize_end, moved, size);
  return moved;
}

void* record_memalign(std::size_t alignment, std::size_t size) {
  if (!ready()) return take_early(size, alignment);
  const Entry entry;
  return noted(entry, Act::aligned, next().memalign(alignment, size), size, log2_of(alignment));
}

void* record_aligned_alloc(std::size_t alignment, std::size_t size) {
  if (!ready()) return take_early(size, alignment);
  const Entry entry;
  return noted(entry, Act::aligned, next().aligned_alloc(alignment, size), size, log2_of(alignment));
}

int record_posix_memalign(void** object, std::size_t alignment, std::size_t size) {
  if (!ready()) {
    *object = take_early(size, alignment);
    return *object == nullptr ? ENOMEM : 0;
  }
  const Entry entry;
  const int error = next().posix_memalign(object, alignment, size);
  if (error == 0) noted(entry, Act::aligned, *object, size, log2_of(alignment));
  return error;
}

}  // namespace neap::tracer
