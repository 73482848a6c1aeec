// Memory for the library's own data, between guards: a page on either side that nothing can touch. A program that runs
// over the end of one of its own mappings stops there. A guard costs address space alone.
#pragma once

#include <cstddef>

#include "os/os.h"

namespace neap::os {

// As reserve and unreserve, for `size` bytes that begin at a page.
inline void* reserve_guarded(std::size_t size) {
  char* all = static_cast<char*>(reserve(size + 2 * page_size, page_size));
  return all != nullptr ? all + page_size : nullptr;
}
inline void unreserve_guarded(void* address, std::size_t size) {
  unreserve(static_cast<char*>(address) - page_size, size + 2 * page_size);
}

}  // namespace neap::os
