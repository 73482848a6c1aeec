// The recorded functions of the checker (tracer/malloc.h). Each object is noted with the stack that made it, and with
// the stack that ends it, before libneap is asked to end it.
#include "misuse/checked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "misuse/found.h"
#include "misuse/objects.h"
#include "misuse/report.h"
#include "tracer/channel_writer.h"
#include "tracer/malloc.h"
#include "tracer/next.h"

namespace neap::misuse {
namespace {

using tracer::is_early;
using tracer::next;
using tracer::ready;

constexpr std::size_t kEarlyAlignment = 16;

// Calls that the unwinder makes itself are not followed.
[[gnu::tls_model("initial-exec")]] constinit thread_local bool is_inside = false;

StackNumber number_of_caller() {
  if (is_inside) return 0;
  is_inside = true;
  const StackNumber number = number_of_this_stack();
  is_inside = false;
  return number;
}

void* noted(void* object, std::size_t size, Call by) {
  if (object == nullptr || !tracer::recording()) return object;
  if (Entry* const entry = make_entry(reinterpret_cast<std::uint64_t>(object)))
    entry->begin(size, by, number_of_caller(), thread_number());
  return object;
}

bool is_of(Call made, Call ended) {
  if (made == Call::make) return ended == Call::end;
  if (made == Call::make_array) return ended == Call::end_array;
  return ended == Call::free || ended == Call::realloc;
}

// Notes the object's end and returns its entry. Null when no live object is known at the address; libneap then says
// what it is.
Entry* note_end(void* object, Call by, std::size_t told) {
  Entry* const entry = find_entry(reinterpret_cast<std::uint64_t>(object));
  if (entry == nullptr || !tracer::recording() || !entry->is_live()) return nullptr;
  if (!is_of(entry->made_by(), by)) {
    found_mismatch(object, by);
  } else if (told != kNotTold && told != entry->size()) {
    found_wrong_size(object, by, told);
  }
  entry->end(by, number_of_caller(), thread_number());
  return entry;
}

}  // namespace

void* make(std::size_t size, Call by) {
  if (!ready()) [[unlikely]]
    return tracer::take_early(size, kEarlyAlignment);
  return noted(next().malloc(size), size, by);
}

void* make_aligned(std::size_t alignment, std::size_t size, Call by) {
  if (!ready()) [[unlikely]]
    return tracer::take_early(size, alignment);
  return noted(next().aligned_alloc(alignment, size), size, by);
}

void end(void* object, Call by, std::size_t told) {
  if (object == nullptr || is_early(object) || !ready()) return;
  note_end(object, by, told);
  const Ending ending(object);
  next().free(object);
}

}  // namespace neap::misuse

namespace neap::tracer {

using namespace neap::misuse;

void* record_malloc(std::size_t size) { return make(size, Call::malloc); }
void record_free(void* object) { end(object, Call::free); }

void* record_calloc(std::size_t count, std::size_t size) {
  if (!ready()) [[unlikely]]
    return take_early_zeroed(count, size, kEarlyAlignment);
  return noted(next().calloc(count, size), count * size, Call::calloc);
}

namespace {

void* move_from_early(void* object, std::size_t size) {
  void* const moved = record_malloc(size);
  const std::size_t readable = early_bytes_from(object);
  if (moved != nullptr) memcpy(moved, object, size < readable ? size : readable);
  return moved;
}

}  // namespace

// The end is noted before libneap ends the object, because another thread may get its address right after.
void* record_realloc(void* object, std::size_t size) {
  if (object == nullptr) return make(size, Call::realloc);
  if (is_early(object)) return move_from_early(object, size);
  if (!ready()) return nullptr;
  Entry* const entry = note_end(object, Call::realloc, kNotTold);
  const Ending ending(object);
  void* const moved = next().realloc(object, size);
  if (moved == nullptr && size != 0 && entry != nullptr) entry->live_on();
  return noted(moved, size, Call::realloc);
}

void* record_memalign(std::size_t alignment, std::size_t size) {
  if (!ready()) return take_early(size, alignment);
  return noted(next().memalign(alignment, size), size, Call::memalign);
}

void* record_aligned_alloc(std::size_t alignment, std::size_t size) {
  return make_aligned(alignment, size, Call::aligned_alloc);
}

int record_posix_memalign(void** object, std::size_t alignment, std::size_t size) {
  if (!ready()) {
    *object = take_early(size, alignment);
    return *object == nullptr ? ENOMEM : 0;
  }
  const int error = next().posix_memalign(object, alignment, size);
  if (error == 0) noted(*object, size, Call::posix_memalign);
  return error;
}

}  // namespace neap::tracer
