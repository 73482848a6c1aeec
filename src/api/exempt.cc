#include "api/exempt.h"

#include <dlfcn.h>
#include <sys/auxv.h>

#include <atomic>
#include <cstring>

#include "api/fast.h"
#include "api/telemetry.h"
#include "pages/chunk.h"

// glibc's malloc under the names that no library stands in front of. Absent in other C libraries and in static
// programs.
extern "C" {
[[gnu::weak]] void* __libc_malloc(std::size_t);
[[gnu::weak]] void* __libc_calloc(std::size_t, std::size_t);
[[gnu::weak]] void* __libc_realloc(void*, std::size_t);
[[gnu::weak]] void* __libc_memalign(std::size_t, std::size_t);
[[gnu::weak]] void __libc_free(void*);
[[gnu::weak]] void* dlopen(const char*, int) noexcept;
[[gnu::weak]] void* dlsym(void*, const char*) noexcept;
}

constinit neap::Server neap::server = neap::Server::unknown;

namespace neap {
namespace {

constexpr const char* kList = "/etc/neap/except";
constexpr std::size_t kListBytes = 4096;  // of the list

// glibc has no __libc_ name for it. Null before its first use.
using UsableSize = std::size_t (*)(void*);
constinit std::atomic<UsableSize> libc_usable_size{nullptr};

// The program's name as it was started: of a script its own, not its interpreter's.
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

// 0 promises nothing beyond what was asked for: a C library without the function is not known.
std::size_t nothing_known(void*) { return 0; }

UsableSize find_usable_size() {
  void* libc = dlopen != nullptr ? dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD) : nullptr;
  void* function = libc != nullptr && dlsym != nullptr ? dlsym(libc, "malloc_usable_size") : nullptr;
  return function != nullptr ? reinterpret_cast<UsableSize>(function) : nothing_known;
}

bool libc_can_serve() { return __libc_malloc != nullptr && __libc_free != nullptr; }

void leave_to_libc() {
  ::neap_telemetry.size = sizeof ::neap_telemetry;  // else published by a first call, which may never come
  ::neap_telemetry.exempt = 1;
  server = Server::libc;
}

void say_that_pages_are_unknown(std::size_t bytes) {
  Line line;
  line.text("libneap: not made for pages of ").number(bytes >> 10).text(" KiB");
  line.text(libc_can_serve() ? ": this process stays on the C library's malloc\n" : "\n");
  os::print(line.data(), line.size());
}

}  // namespace

bool meet_system() {
  const std::size_t page = os::read_page_size();
  if (is_power_of_two(page) && page >= kPageSize && page <= kBlockSize) {
    os::page_size = page;
    server = Server::ours;
    return true;
  }
  say_that_pages_are_unknown(page);
  if (!libc_can_serve()) os::abort();
  leave_to_libc();
  return false;
}

void exempt_if_named(const char* preload) {
  if (is_exempt() || !libc_can_serve() || program() == nullptr) return;
  if (preload != nullptr && std::strstr(preload, "libneap") != nullptr) return;
  char list[kListBytes];
  const std::size_t size = os::read_file_of_root(kList, list, sizeof list);
  if (size == 0 || !is_named(list, size, program())) return;
  own_cache = nullptr;
  front = &no_cache_any_more.stacks;
  leave_to_libc();
}

bool is_ours(void* pointer) {
  const Block* block = page_map.block_fast(address_of(pointer));
  const Chunk* chunk = page_map.chunk(address_of(pointer));
  return block != nullptr && chunk != nullptr && chunk->index_of(block) < chunk->committed();
}

void* exempt_allocate(std::size_t size) { return __libc_malloc(size); }
void* exempt_allocate_aligned(std::size_t align, std::size_t size) { return __libc_memalign(align, size); }
void* exempt_allocate_zeroed(std::size_t count, std::size_t size) { return __libc_calloc(count, size); }
void exempt_free(void* pointer) { __libc_free(pointer); }
std::size_t exempt_usable_size(void* pointer) {
  UsableSize function = libc_usable_size.load(std::memory_order_relaxed);
  if (function == nullptr) libc_usable_size.store(function = find_usable_size(), std::memory_order_relaxed);
  return function(pointer);
}

void* exempt_reallocate(void* pointer, std::size_t size, const char* function) {
  if (!is_ours(pointer)) return __libc_realloc(pointer, size);
  void* moved = nullptr;
  if (size > 0) {
    moved = __libc_malloc(size);
    if (moved == nullptr) return nullptr;
    const std::size_t usable = usable_size(pointer, function);
    std::memcpy(moved, pointer, usable < size ? usable : size);
  }
  deallocate(pointer, function);
  return moved;
}

}  // namespace neap
