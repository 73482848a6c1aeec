#include "api/exempt.h"

#include <dlfcn.h>
#include <sys/auxv.h>

#include <atomic>
#include <cstring>

#include "api/fast.h"
#include "api/start.h"
#include "api/telemetry.h"
#include "pages/chunk.h"

// Absent in static programs, which have no other malloc.
extern "C" [[gnu::weak]] void* dlsym(void*, const char*) noexcept;

constinit neap::Server neap::server = neap::Server::unknown;

namespace neap {
namespace {

constexpr const char* kList = "/etc/neap/except";
constexpr std::size_t kListBytes = 4096;  // of the list

// The malloc that would serve without us. Found without an allocation.
struct Next {
  void* (*malloc)(std::size_t);
  void* (*calloc)(std::size_t, std::size_t);
  void* (*realloc)(void*, std::size_t);
  void* (*memalign)(std::size_t, std::size_t);
  void (*free)(void*);
  std::size_t (*malloc_usable_size)(void*);
};
constinit Next next{};

template <class Function>
bool find(Function& function, const char* name) {
  function = reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
  return function != nullptr;
}

bool find_next() {
  return dlsym != nullptr && find(next.malloc, "malloc") && find(next.calloc, "calloc") &&
         find(next.realloc, "realloc") && find(next.memalign, "memalign") && find(next.free, "free") &&
         find(next.malloc_usable_size, "malloc_usable_size");
}

// The name under which the program was started. For a script that is the script's own, not its interpreter's.
const char* program() { return reinterpret_cast<const char*>(getauxval(AT_EXECFN)); }

bool is_line(const char* line, std::size_t length, const char* text) {
  return std::strlen(text) == length && std::memcmp(line, text, length) == 0;
}

bool is_named(const char* list, std::size_t size, const char* path) {
  const char* slash = std::strrchr(path, '/');
  const char* name = slash != nullptr ? slash + 1 : path;
  for (std::size_t start = 0; start < size;) {
    const void* newline = std::memchr(list + start, '\n', size - start);
    const std::size_t end =
        newline != nullptr ? static_cast<std::size_t>(static_cast<const char*>(newline) - list) : size;
    if (is_line(list + start, end - start, name) || is_line(list + start, end - start, path)) return true;
    start = end + 1;
  }
  return false;
}

void leave_to_next() {
  ::neap_telemetry.size = sizeof ::neap_telemetry;  // else published by a first call, which may never come
  ::neap_telemetry.exempt = 1;
  server = Server::libc;
}

void say_that_pages_are_unknown(std::size_t bytes, bool libc_serves) {
  Line line;
  line.text("libneap: not made for pages of ").number(bytes >> 10).text(" KiB");
  line.text(libc_serves ? ": this process stays on the C library's malloc\n" : "\n");
  os::print(line.data(), line.size());
}

}  // namespace

void meet_system() {
  const std::size_t page = os::read_page_size();
  if (is_power_of_two(page) && page >= kPageSize && page <= kBlockSize) {
    os::page_size = page;
    server = Server::ours;
    return read_options();
  }
  const bool libc_serves = find_next();
  say_that_pages_are_unknown(page, libc_serves);
  if (!libc_serves) os::abort();
  leave_to_next();
}

bool serves_apart() {
  if (server == Server::unknown) meet_system();
  return server != Server::ours;
}

void exempt_if_named(const char* preload) {
  if (server == Server::unknown) meet_system();
  if (server == Server::libc || program() == nullptr) return;
  if (preload != nullptr && std::strstr(preload, "libneap") != nullptr) return;
  char list[kListBytes];
  const std::size_t size = os::read_file_of_root(kList, list, sizeof list);
  if (size == 0 || !is_named(list, size, program()) || !find_next()) return;
  own_cache = nullptr;
  this_stacks = no_cache_any_more.get();
  leave_to_next();
}

bool is_ours(void* pointer) {
  const Block* block = page_map.block_fast(address_of(pointer));
  const Chunk* chunk = page_map.chunk(address_of(pointer));
  return block != nullptr && chunk != nullptr && chunk->index_of(block) < chunk->committed();
}

void* exempt_allocate(std::size_t size) { return next.malloc(size); }
void* exempt_allocate_aligned(std::size_t align, std::size_t size) { return next.memalign(align, size); }
void* exempt_allocate_zeroed(std::size_t count, std::size_t size) { return next.calloc(count, size); }
void exempt_free(void* pointer) { next.free(pointer); }
std::size_t exempt_usable_size(void* pointer) { return next.malloc_usable_size(pointer); }

void* exempt_reallocate(void* pointer, std::size_t size, const char* function) {
  if (!is_ours(pointer)) return next.realloc(pointer, size);
  void* moved = nullptr;
  if (size > 0) {
    moved = next.malloc(size);
    if (moved == nullptr) return nullptr;
    const std::size_t usable = usable_size(pointer, function);
    std::memcpy(moved, pointer, usable < size ? usable : size);
  }
  deallocate(pointer, function);
  return moved;
}

}  // namespace neap
