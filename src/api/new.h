// operator new without the end that throws, for its quiet forms.
#pragma once
#include <cstddef>
#include <new>

namespace neap {

// The standard's loop: the new-handler is called until there is memory or no handler; null then. The handler may throw.
void* new_or_null(std::size_t size);
void* new_or_null(std::size_t size, std::align_val_t align);

}  // namespace neap
