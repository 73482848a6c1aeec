// What operator new does when memory is out: it calls the next operator new, which runs the new-handler and throws.
#pragma once

#include <dlfcn.h>
#include <stdlib.h>

#include <cstddef>

namespace neap::tracer {

[[gnu::noinline, gnu::cold]] inline void* fail_as_next_does(std::size_t size) {
  using New = void*(std::size_t);
  auto* const next = reinterpret_cast<New*>(dlsym(RTLD_NEXT, "_Znwm"));
  if (next == nullptr) abort();
  return next(size);
}

}  // namespace neap::tracer
