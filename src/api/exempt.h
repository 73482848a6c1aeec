// Exempt: the process of a program that /etc/neap/except names. libneap is in it, for /etc/ld.so.preload puts it into
// every program, but every call goes on to the malloc behind it, mostly the C library's. Decided once, by start(); what
// was allocated before that stays ours until it is freed. The fast paths know nothing of it: the front is one without a
// cache, whose every malloc and free is a slow one, and the slow paths ask `exempt` first.
#pragma once

#include <cstddef>

namespace neap {

// Written once, while the process has one thread.
extern constinit bool exempt;

// Reads the list, unless LD_PRELOAD names the library (then this program was chosen on its own) or there is no
// malloc to go on to. One open of a file that is mostly absent.
void exempt_if_named(const char* preload);

// Whether the object came from libneap, before the decision.
bool is_ours(void* pointer);

// As their namesakes of fast.h, from the malloc behind libneap. `function` names the caller in a misuse of an early
// object.
void* exempt_allocate(std::size_t size);
void* exempt_allocate_aligned(std::size_t align, std::size_t size);
void* exempt_allocate_zeroed(std::size_t count, std::size_t size);
void* exempt_reallocate(void* pointer, std::size_t size, const char* function);
void exempt_free(void* pointer);
std::size_t exempt_usable_size(void* pointer);

}  // namespace neap
