// Every C++ operator new and delete. The library links no C++ runtime: the new-handler and bad_alloc, which a failed
// new needs of it, are looked up weakly, or by name where the program loaded a libstdc++ by itself.
#include <dlfcn.h>

#include <cstddef>
#include <new>

#include "api/export.h"
#include "api/fast.h"

extern "C" {
[[gnu::weak]] std::new_handler _ZSt15get_new_handlerv();
[[gnu::weak]] void _ZSt17__throw_bad_allocv();
[[gnu::weak]] void* dlopen(const char*, int) noexcept;
[[gnu::weak]] void* dlsym(void*, const char*) noexcept;
}

namespace {

using neap::heap;

template <class Function>
Function in_loaded_runtime(const char* name) {
  if (dlopen == nullptr || dlsym == nullptr) return nullptr;
  void* runtime = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_NOLOAD);
  return runtime == nullptr ? nullptr : reinterpret_cast<Function>(dlsym(runtime, name));
}

std::new_handler current_handler() {
  using Get = std::new_handler (*)();
  Get get = _ZSt15get_new_handlerv;
  if (get == nullptr) get = in_loaded_runtime<Get>("_ZSt15get_new_handlerv");
  return get == nullptr ? nullptr : get();
}

[[noreturn]] void throw_bad_alloc() {
  using Throw = void (*)();
  Throw raise = _ZSt17__throw_bad_allocv;
  if (raise == nullptr) raise = in_loaded_runtime<Throw>("_ZSt17__throw_bad_allocv");
  if (raise != nullptr) raise();
  constexpr char kLine[] = "libneap: out of memory in operator new, and no C++ runtime to throw bad_alloc\n";
  neap::os::print(kLine, sizeof kLine - 1);
  neap::os::abort();
}

// The standard's loop: allocate; when that fails call the new-handler and try again; without a handler give up.
template <class Allocate>
void* retry(Allocate allocate, bool may_throw) {
  for (;;) {
    if (void* object = allocate()) return object;
    const std::new_handler handler = current_handler();
    if (handler == nullptr) {
      if (may_throw) throw_bad_alloc();
      return nullptr;
    }
    handler();
  }
}

[[gnu::noinline]] void* new_slow(std::size_t size, bool may_throw) {
  return retry([size] { return neap::allocate_slow(size); }, may_throw);
}

inline void* make(std::size_t size, bool may_throw) {
  void* object = neap::allocate(size);
  return object != nullptr ? object : new_slow(size, may_throw);
}

void* make_aligned(std::size_t size, std::align_val_t align, bool may_throw) {
  return retry([=] { return neap::allocate_aligned(static_cast<std::size_t>(align), size); }, may_throw);
}

inline void destroy(void* object) { neap::deallocate(object, "operator delete"); }

inline void destroy_sized(void* object, std::size_t size) {
  if (heap.options.check != 0 && object != nullptr && size > neap::usable_size(object, "operator delete"))
      [[unlikely]] {
    neap::misuse(neap::Misuse::wrong_size, "operator delete", object, "the size given is above the object's");
  }
  neap::deallocate(object, "operator delete");
}

}  // namespace

// clang-format off
NEAP_EXPORT void* operator new(std::size_t n) { return make(n, true); }
NEAP_EXPORT void* operator new[](std::size_t n) { return make(n, true); }
NEAP_EXPORT void* operator new(std::size_t n, const std::nothrow_t&) noexcept { return make(n, false); }
NEAP_EXPORT void* operator new[](std::size_t n, const std::nothrow_t&) noexcept { return make(n, false); }
NEAP_EXPORT void* operator new(std::size_t n, std::align_val_t a) { return make_aligned(n, a, true); }
NEAP_EXPORT void* operator new[](std::size_t n, std::align_val_t a) { return make_aligned(n, a, true); }
NEAP_EXPORT void* operator new(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept { return make_aligned(n, a, false); }
NEAP_EXPORT void* operator new[](std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept { return make_aligned(n, a, false); }

NEAP_EXPORT void operator delete(void* p) noexcept { destroy(p); }
NEAP_EXPORT void operator delete[](void* p) noexcept { destroy(p); }
NEAP_EXPORT void operator delete(void* p, const std::nothrow_t&) noexcept { destroy(p); }
NEAP_EXPORT void operator delete[](void* p, const std::nothrow_t&) noexcept { destroy(p); }
NEAP_EXPORT void operator delete(void* p, std::size_t n) noexcept { destroy_sized(p, n); }
NEAP_EXPORT void operator delete[](void* p, std::size_t n) noexcept { destroy_sized(p, n); }
NEAP_EXPORT void operator delete(void* p, std::align_val_t) noexcept { destroy(p); }
NEAP_EXPORT void operator delete[](void* p, std::align_val_t) noexcept { destroy(p); }
NEAP_EXPORT void operator delete(void* p, std::align_val_t, const std::nothrow_t&) noexcept { destroy(p); }
NEAP_EXPORT void operator delete[](void* p, std::align_val_t, const std::nothrow_t&) noexcept { destroy(p); }
NEAP_EXPORT void operator delete(void* p, std::size_t n, std::align_val_t) noexcept { destroy_sized(p, n); }
NEAP_EXPORT void operator delete[](void* p, std::size_t n, std::align_val_t) noexcept { destroy_sized(p, n); }
// clang-format on
