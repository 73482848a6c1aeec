// Exempt: a process in which libneap is, but whose every call goes on to the malloc behind it, mostly the C
// library's. Where the system's
// pages are of a size that the heap is not made for, from the first call on; in a program that /etc/neap/except names
// (/etc/ld.so.preload puts libneap into every program) from start() on: what was allocated before that stays ours until
// it is freed. The fast paths know nothing of it: the front is one without a cache, whose every malloc and free is a
// slow one, and the slow paths ask is_apart() first.
#pragma once

#include <cstddef>
#include <cstdint>

namespace neap {

// Who serves the process. Written while it has one thread.
enum class Server : std::uint8_t { unknown, ours, ours_hardened, libc };
extern constinit Server server;

// The first call tells the heap the size of the system's pages and its options, or finds that it cannot serve.
void meet_system();

// Whether the heap with its caches serves, as it does most processes; or else apart.h tells who does.
[[gnu::noinline, gnu::cold]] bool serves_apart();
inline bool is_apart() {
  if (server == Server::ours) [[likely]]
    return false;
  return serves_apart();
}

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
