// The forms of operator new that give null instead of bad_alloc: by the standard the throwing form in a try, be it ours
// or the program's own, whatever its new-handler throws. The one file with exceptions, which only a program with a C++
// runtime can throw: without it the names that this needs are null.
#include "api/export.h"
#include "api/new.h"

extern "C" {
[[gnu::weak]] void* __cxa_begin_catch(void*) noexcept;
}
__asm__(".weak __gxx_personality_v0, __cxa_end_catch, _ZSt9terminatev");

namespace {

template <class Throwing, class Quiet>
void* quietly(Throwing allocate, Quiet allocate_without_runtime) noexcept {
  if (__cxa_begin_catch == nullptr) return allocate_without_runtime();
  try {
    return allocate();
  } catch (...) {
    return nullptr;
  }
}

}  // namespace

// clang-format off
NEAP_REPLACEABLE void* operator new(std::size_t n, const std::nothrow_t&) noexcept {
  return quietly([=] { return ::operator new(n); }, [=] { return neap::new_or_null(n); });
}
NEAP_REPLACEABLE void* operator new[](std::size_t n, const std::nothrow_t&) noexcept {
  return quietly([=] { return ::operator new[](n); }, [=] { return neap::new_or_null(n); });
}
NEAP_REPLACEABLE void* operator new(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return quietly([=] { return ::operator new(n, a); }, [=] { return neap::new_or_null(n, a); });
}
NEAP_REPLACEABLE void* operator new[](std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return quietly([=] { return ::operator new[](n, a); }, [=] { return neap::new_or_null(n, a); });
}
// clang-format on
