// Apart: the calls of a process that the heap with its caches does not serve. The C library's malloc serves an exempt
// process (exempt.h), and hardened/hardened.h a hardened one. Such a process has no stacks, so all of its calls are
// slow ones. Only processes of which is_apart() is true come here.
#pragma once

#include <cstddef>

namespace neap {

void* apart_allocate(std::size_t size);
void* apart_allocate_aligned(std::size_t align, std::size_t size);
void* apart_allocate_zeroed(std::size_t count, std::size_t size);
void* apart_reallocate(void* pointer, std::size_t size, const char* function);
// False where the object is the heap's own all the same: it is older than the decision that the program is exempt.
bool apart_free(void* pointer, const char* function);
bool apart_usable_size(void* pointer, const char* function, std::size_t& size);

}  // namespace neap
