// Exempt: a process that has libneap loaded, but whose every call goes on to the malloc behind it, mostly the C
// library's. There are two reasons. Where the heap is not made for the size of the system's pages, a process is exempt
// from its first call on. A program that /etc/neap/except names is exempt from start() on, because /etc/ld.so.preload
// puts libneap into every program; what it allocated before stays ours until it is freed.
//
// The fast paths know nothing of this: an exempt thread has no cache, so that each malloc and free is a slow one, and
// the slow paths ask is_apart() first.
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

// These do what their namesakes of fast.h do, by the malloc behind libneap. `function` is the caller that a misuse of
// an object from before start() is reported for.
void* exempt_allocate(std::size_t size);
void* exempt_allocate_aligned(std::size_t align, std::size_t size);
void* exempt_allocate_zeroed(std::size_t count, std::size_t size);
void* exempt_reallocate(void* pointer, std::size_t size, const char* function);
void exempt_free(void* pointer);
std::size_t exempt_usable_size(void* pointer);

}  // namespace neap
