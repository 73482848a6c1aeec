#include "calls.h"

#include <stdlib.h>
#include <string.h>

#include <cstddef>
#include <cstdint>

namespace neap::replay {
namespace {

using trace::Op;

constexpr const char* kOutOfMemory = "the allocator returned no memory";
constexpr const char* kOverwritten = "an object's contents changed while it lived: the allocator is broken";

void touch(unsigned char* object, const Step& step) {
  if (step.size_bytes == 0) return;
  for (std::uint64_t at = step.touch_from_page * Plan::kPage; at < step.size_bytes; at += Plan::kPage) object[at] = 1;
  object[step.size_bytes - 1] = 1;
}

unsigned char* call(const Step& step, unsigned char* old) {
  switch (step.op) {
    case Op::allocate:
      return static_cast<unsigned char*>(malloc(step.size_bytes));
    case Op::zeroed:
      return static_cast<unsigned char*>(calloc(1, step.size_bytes));
    case Op::resize:
      return static_cast<unsigned char*>(realloc(old, step.size_bytes));
    case Op::aligned: {
      const std::size_t alignment = std::size_t{1} << step.alignment_log2;
      void* object = nullptr;
      const int failed =
          posix_memalign(&object, alignment < sizeof(void*) ? sizeof(void*) : alignment, step.size_bytes);
      return failed == 0 ? static_cast<unsigned char*>(object) : nullptr;
    }
    case Op::release:
      break;
  }
  return nullptr;
}

void mark(unsigned char* object, const Step& step) {
  if (step.size_bytes < sizeof step.slot) return;
  memcpy(object + step.size_bytes - sizeof step.slot, &step.slot, sizeof step.slot);
  memcpy(object, &step.slot, sizeof step.slot);
}

bool marked(const unsigned char* object, const Step& step) {
  if (step.size_bytes < 2 * sizeof step.slot) return true;
  return memcmp(object, &step.slot, sizeof step.slot) == 0 &&
         memcmp(object + step.size_bytes - sizeof step.slot, &step.slot, sizeof step.slot) == 0;
}

}  // namespace

const char* execute_steps(const Step* step, const Step* end, unsigned char** objects) {
  for (; step != end; ++step) {
    unsigned char*& object = objects[step->slot];
    if (step->op == Op::release) {
      free(object);
      continue;
    }
    object = call(*step, object);
    if (object == nullptr && step->size_bytes != 0) return kOutOfMemory;
    touch(object, *step);
  }
  return nullptr;
}

const char* execute_steps_verified(const Step* step, const Step* end, unsigned char** objects) {
  for (; step != end; ++step) {
    unsigned char*& object = objects[step->slot];
    if (step->op == Op::release) {
      if (!marked(object, *step)) return kOverwritten;
      free(object);
      continue;
    }
    object = call(*step, object);
    if (object == nullptr && step->size_bytes != 0) return kOutOfMemory;
    const bool moved_mark =
        step->op == Op::resize && step->touch_from_page > 0 && step->size_bytes >= sizeof step->slot;
    if (moved_mark && memcmp(object, &step->slot, sizeof step->slot) != 0) return kOverwritten;
    touch(object, *step);
    mark(object, *step);
  }
  return nullptr;
}

const char* execute_nothing(const Step* step, const Step* end, unsigned char** objects) {
  for (; step != end; ++step) objects[step->slot] = reinterpret_cast<unsigned char*>(step->size_bytes);
  return nullptr;
}

}  // namespace neap::replay
