#include "next.h"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "channel_writer.h"

namespace neap::tracer {
namespace {

constexpr std::size_t kEarlyBytes = 65536;
alignas(64) unsigned char early[kEarlyBytes];
constinit std::atomic<std::size_t> early_used{0};

constinit Next found{.free = [](void*) {}};  // what is freed before it is known stays where it is
enum State : std::uint32_t { kUnknown, kSearching, kReady };
constinit std::atomic<std::uint32_t> state{kUnknown};

template <typename Function>
void find(Function*& into, const char* name) {
  into = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

void find_all() {
  find(found.malloc, "malloc");
  find(found.calloc, "calloc");
  find(found.realloc, "realloc");
  find(found.free, "free");
  find(found.posix_memalign, "posix_memalign");
  find(found.aligned_alloc, "aligned_alloc");
  find(found.memalign, "memalign");
}

// So a program that never allocates is attached to the channel as well.
[[gnu::constructor]] void begin() { ready(); }

}  // namespace

// The first call comes before the process has a second thread.
bool ready() {
  const std::uint32_t now = state.load(std::memory_order_acquire);
  if (now == kReady) [[likely]]
    return true;
  if (now == kSearching) return false;
  state.store(kSearching, std::memory_order_relaxed);
  find_all();
  attach();
  pthread_atfork(nullptr, nullptr, detach);
  state.store(kReady, std::memory_order_release);
  return true;
}

const Next& next() { return found; }

void* take_early(std::size_t bytes, std::size_t alignment) {
  if (bytes > kEarlyBytes || alignment > kEarlyBytes) return nullptr;
  const std::size_t taken = bytes + alignment;
  const std::size_t start = early_used.fetch_add(taken, std::memory_order_relaxed);
  if (start + taken > kEarlyBytes) return nullptr;
  const auto address = reinterpret_cast<std::uintptr_t>(early + start);
  return reinterpret_cast<void*>((address + alignment - 1) & ~(alignment - 1));
}

void* take_early_zeroed(std::size_t count, std::size_t size, std::size_t alignment) {
  std::size_t bytes;
  return __builtin_mul_overflow(count, size, &bytes) ? nullptr : take_early(bytes, alignment);
}

bool is_early(const void* object) {
  return reinterpret_cast<std::uintptr_t>(object) - reinterpret_cast<std::uintptr_t>(early) < kEarlyBytes;
}

std::size_t early_bytes_from(const void* object) {
  return kEarlyBytes - (reinterpret_cast<std::uintptr_t>(object) - reinterpret_cast<std::uintptr_t>(early));
}

}  // namespace neap::tracer
