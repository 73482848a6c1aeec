// Every C++ operator new and delete but the quiet ones of new (new_quiet.cc). The library links no C++ runtime: what a
// failed new needs of it (the new-handler, bad_alloc) is looked up weakly, or by name in a libstdc++ that the program
// loaded out of our sight. A form that the standard defines by another calls that by its public name, since a program
// may have its own of it; weak, so that it may when we are linked in.
#include "api/new.h"

#include <dlfcn.h>

#include "api/exempt.h"
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

// An alignment that is no power of two is refused without a word to the handler, as by libstdc++.
void* make_aligned(std::size_t size, std::align_val_t alignment, bool may_throw) {
  const auto align = static_cast<std::size_t>(alignment);
  if (neap::is_power_of_two(align)) return retry([=] { return neap::allocate_aligned(align, size); }, may_throw);
  if (may_throw) throw_bad_alloc();
  return nullptr;
}

inline void destroy(void* object) { neap::deallocate(object, "operator delete"); }

// An object that is not ours is of an operator new of the program's own.
[[gnu::noinline, gnu::cold]] void compare_size(void* object, std::size_t size) {
  if (object == nullptr || !neap::is_ours(object)) return;
  const std::size_t usable = neap::usable_size(object, "operator delete");
  const bool is_exact = neap::server == neap::Server::ours_hardened && heap.options.canaries != 0;
  if (size > usable || (is_exact && size != usable))
    neap::misuse(neap::Misuse::wrong_size, "operator delete", object,
                 is_exact ? "the size given is not the object's" : "the size given is above the object's");
}

inline void check_size(void* object, std::size_t size) {
  if (heap.options.check != 0) [[unlikely]]
    compare_size(object, size);
}

}  // namespace

namespace neap {

void* new_or_null(std::size_t size) { return make(size, false); }
void* new_or_null(std::size_t size, std::align_val_t align) { return make_aligned(size, align, false); }

}  // namespace neap

// clang-format off
NEAP_REPLACEABLE void* operator new(std::size_t n) { return make(n, true); }
NEAP_REPLACEABLE void* operator new[](std::size_t n) { return ::operator new(n); }
NEAP_REPLACEABLE void* operator new(std::size_t n, std::align_val_t a) { return make_aligned(n, a, true); }
NEAP_REPLACEABLE void* operator new[](std::size_t n, std::align_val_t a) { return ::operator new(n, a); }

NEAP_REPLACEABLE void operator delete(void* p) noexcept { destroy(p); }
NEAP_REPLACEABLE void operator delete[](void* p) noexcept { ::operator delete(p); }
NEAP_REPLACEABLE void operator delete(void* p, const std::nothrow_t&) noexcept { ::operator delete(p); }
NEAP_REPLACEABLE void operator delete[](void* p, const std::nothrow_t&) noexcept { ::operator delete[](p); }
NEAP_REPLACEABLE void operator delete(void* p, std::size_t n) noexcept { check_size(p, n); ::operator delete(p); }
NEAP_REPLACEABLE void operator delete[](void* p, std::size_t n) noexcept { check_size(p, n); ::operator delete[](p); }
NEAP_REPLACEABLE void operator delete(void* p, std::align_val_t) noexcept { destroy(p); }
NEAP_REPLACEABLE void operator delete[](void* p, std::align_val_t a) noexcept { ::operator delete(p, a); }
NEAP_REPLACEABLE void operator delete(void* p, std::align_val_t a, const std::nothrow_t&) noexcept { ::operator delete(p, a); }
NEAP_REPLACEABLE void operator delete[](void* p, std::align_val_t a, const std::nothrow_t&) noexcept { ::operator delete[](p, a); }
NEAP_REPLACEABLE void operator delete(void* p, std::size_t n, std::align_val_t a) noexcept { check_size(p, n); ::operator delete(p, a); }
NEAP_REPLACEABLE void operator delete[](void* p, std::size_t n, std::align_val_t a) noexcept { check_size(p, n); ::operator delete[](p, a); }
// clang-format on
