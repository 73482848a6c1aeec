#include "api/apart.h"

#include "api/exempt.h"
#include "api/fast.h"

namespace neap {
namespace {

// An object of no bytes is a hardened heap's to its end, whoever serves the process by then.
bool is_exempt() { return server == Server::libc; }
bool is_exempt(const void* pointer) { return is_exempt() && !hardened.is_empty_object(pointer); }

void* or_out_of_memory(void* object) { return object != nullptr ? object : out_of_memory(); }

}  // namespace

void* apart_allocate(std::size_t size) {
  if (is_exempt()) return exempt_allocate(size);
  return size > kMaxBytes ? out_of_memory() : or_out_of_memory(hardened.allocate(size, 1, false));
}

void* apart_allocate_aligned(std::size_t align, std::size_t size) {
  if (is_exempt()) return exempt_allocate_aligned(align, size);
  if (align > kMaxBytes || size > kMaxBytes - align) return out_of_memory();
  return or_out_of_memory(hardened.allocate(size, align, false));
}

void* apart_allocate_zeroed(std::size_t count, std::size_t size) {
  if (is_exempt()) return exempt_allocate_zeroed(count, size);
  std::size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > kMaxBytes) return out_of_memory();
  return or_out_of_memory(hardened.allocate(bytes, 1, true));
}

void* apart_reallocate(void* pointer, std::size_t size, const char* function) {
  if (is_exempt(pointer)) return exempt_reallocate(pointer, size, function);
  if (size != 0) return or_out_of_memory(hardened.reallocate(pointer, size, function));
  hardened.free(pointer, function);
  return nullptr;
}

bool apart_free(void* pointer, const char* function) {
  if (!is_exempt(pointer)) return hardened.free(pointer, function), true;
  if (is_ours(pointer)) return false;
  exempt_free(pointer);
  return true;
}

bool apart_usable_size(void* pointer, const char* function, std::size_t& size) {
  if (is_exempt() && is_ours(pointer)) return false;
  size = is_exempt(pointer) ? exempt_usable_size(pointer) : hardened.usable_size(pointer, function);
  return true;
}

}  // namespace neap
