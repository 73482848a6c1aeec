// Makes and ends objects on behalf of one of the program's calls (`by`), and notes them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "format/misuse_log.h"

namespace neap::misuse {

inline constexpr std::size_t kNotTold = SIZE_MAX;

void* make(std::size_t size, Call by);
void* make_aligned(std::size_t alignment, std::size_t size, Call by);
// `told` is the size that sized delete was given.
void end(void* object, Call by, std::size_t told = kNotTold);

}  // namespace neap::misuse
