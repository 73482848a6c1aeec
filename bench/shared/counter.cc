// Counts what the threads of a process share inside the library: the locks that they take, and the writes to cache
// lines that another thread wrote to last. Many CPUs would wait for these; to count them, two CPUs are enough.
//
// This file stands in for the thread sanitizer's runtime, in a library that was built with -fsanitize=thread. The
// compiler calls it for each write, and these calls come in the program's order. Restartable sequences are assembler,
// so their stores are not seen; they only go to memory of the CPU that makes them. When the process ends, it prints the
// counts on standard error, as JSON.
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>

// Where the library's own code begins and ends, as the linker says.
extern "C" [[gnu::visibility("hidden")]] const char __ehdr_start[], etext[];

namespace {

constexpr std::uint32_t kThreads = 1024;
constexpr std::size_t kLineShift = 6, kLines = std::size_t{1} << 20;

struct alignas(64) Counts {
  std::uint64_t calls = 0;  // of the library's functions, from outside
  std::uint64_t locks = 0;
  std::uint64_t lines = 0;  // writes to a line that another thread wrote to last
};

Counts counts[kThreads];
std::atomic<std::uint32_t> threads{0};
thread_local constinit std::uint32_t own_number = 0;  // from 1 on

// How often each place of the library's code wrote to such a line.
struct Place {
  std::atomic<std::uintptr_t> code;  // its offset in the library; 0: nobody's
  std::atomic<std::uint64_t> lines;
};
constexpr std::uint64_t kTold = 100;  // places that have one line in so many are told of
constexpr std::size_t kPlaces = std::size_t{1} << 14;
Place places[kPlaces];

void note_place(const void* code) {
  const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(code) - reinterpret_cast<std::uintptr_t>(__ehdr_start);
  for (std::size_t i = offset % kPlaces;; i = (i + 1) % kPlaces) {
    std::uintptr_t found = 0;
    if (!places[i].code.compare_exchange_strong(found, offset) && found != offset) continue;
    places[i].lines.fetch_add(1, std::memory_order_relaxed);
    return;
  }
}

std::uint32_t self() {
  if (own_number == 0) own_number = threads.fetch_add(1, std::memory_order_relaxed) % (kThreads - 1) + 1;
  return own_number;
}

// Which thread wrote to a line last, by the line's number. Where two lines share a place, one forgets the other.
std::atomic<std::uint64_t> writers[kLines];

// Inlined, so that the address to return to is that of the library's code.
[[gnu::always_inline]] inline void note_write(const volatile void* address) {
  const std::uint64_t line = reinterpret_cast<std::uintptr_t>(address) >> kLineShift;
  std::atomic<std::uint64_t>& writer = writers[(line ^ line >> 20) % kLines];
  const std::uint64_t now = line << 16 | self(), before = writer.load(std::memory_order_relaxed);
  if (before == now) return;
  writer.store(now, std::memory_order_relaxed);
  if (before >> 16 != line) return;
  ++counts[self()].lines;
  note_place(__builtin_return_address(0));
}

[[gnu::always_inline]] inline void note_write(const volatile void* address, std::size_t bytes) {
  const char* const begin = const_cast<const char*>(static_cast<const volatile char*>(address));
  for (std::size_t at = 0; at < bytes; at += std::size_t{1} << kLineShift) note_write(begin + at);
}

[[gnu::destructor]] void tell() {
  Counts sum;
  for (const Counts& each : counts) {
    sum.calls += each.calls;
    sum.locks += each.locks;
    sum.lines += each.lines;
  }
  dprintf(STDERR_FILENO, "{\"threads\": %u, \"calls\": %llu, \"locks\": %llu, \"lines\": %llu, \"places\": [[0, 0]",
          threads.load(), static_cast<unsigned long long>(sum.calls), static_cast<unsigned long long>(sum.locks),
          static_cast<unsigned long long>(sum.lines));
  for (const Place& place : places) {
    if (place.lines.load() * kTold < sum.lines) continue;
    dprintf(STDERR_FILENO, ", [%llu, %llu]", static_cast<unsigned long long>(place.code.load()),
            static_cast<unsigned long long>(place.lines.load()));
  }
  dprintf(STDERR_FILENO, "]}\n");
}

template <class Word>
Word* plain(volatile Word* address) {
  return const_cast<Word*>(address);
}

}  // namespace

// The functions that gcc and clang call. Reads are not counted: only the first read of a shared line has to wait.
extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void* caller) {
  const char* const from = static_cast<const char*>(caller);
  if (from < __ehdr_start || from >= etext) ++counts[self()].calls;
}
void __tsan_func_exit() {}
void __tsan_vptr_update(void** at, void*) { note_write(at); }
void __tsan_vptr_read(void**) {}
void __tsan_read_range(void*, std::size_t) {}
void __tsan_write_range(void* at, std::size_t bytes) { note_write(at, bytes); }
void __tsan_atomic_thread_fence(int) { std::atomic_thread_fence(std::memory_order_seq_cst); }
void __tsan_atomic_signal_fence(int) { std::atomic_signal_fence(std::memory_order_seq_cst); }

#define NEAP_PLAIN(N)                                             \
  void __tsan_read##N(void*) {}                                   \
  void __tsan_unaligned_read##N(void*) {}                         \
  void __tsan_volatile_read##N(void*) {}                          \
  void __tsan_write##N(void* at) { note_write(at, N); }           \
  void __tsan_unaligned_write##N(void* at) { note_write(at, N); } \
  void __tsan_volatile_write##N(void* at) { note_write(at, N); }
NEAP_PLAIN(1)
NEAP_PLAIN(2)
NEAP_PLAIN(4)
NEAP_PLAIN(8)
NEAP_PLAIN(16)
#undef NEAP_PLAIN

#define NEAP_ATOMIC(BITS, WORD)                                                                                   \
  WORD __tsan_atomic##BITS##_load(const volatile WORD* at, int) { return __atomic_load_n(at, __ATOMIC_SEQ_CST); } \
  void __tsan_atomic##BITS##_store(volatile WORD* at, WORD value, int) {                                          \
    note_write(at);                                                                                               \
    __atomic_store_n(plain(at), value, __ATOMIC_SEQ_CST);                                                         \
  }                                                                                                               \
  WORD __tsan_atomic##BITS##_exchange(volatile WORD* at, WORD value, int) {                                       \
    note_write(at);                                                                                               \
    return __atomic_exchange_n(plain(at), value, __ATOMIC_SEQ_CST);                                               \
  }                                                                                                               \
  WORD __tsan_atomic##BITS##_fetch_add(volatile WORD* at, WORD value, int) {                                      \
    note_write(at);                                                                                               \
    return __atomic_fetch_add(plain(at), value, __ATOMIC_SEQ_CST);                                                \
  }                                                                                                               \
  WORD __tsan_atomic##BITS##_fetch_sub(volatile WORD* at, WORD value, int) {                                      \
    note_write(at);                                                                                               \
    return __atomic_fetch_sub(plain(at), value, __ATOMIC_SEQ_CST);                                                \
  }                                                                                                               \
  WORD __tsan_atomic##BITS##_fetch_and(volatile WORD* at, WORD value, int) {                                      \
    note_write(at);                                                                                               \
    return __atomic_fetch_and(plain(at), value, __ATOMIC_SEQ_CST);                                                \
  }                                                                                                               \
  WORD __tsan_atomic##BITS##_fetch_or(volatile WORD* at, WORD value, int) {                                       \
    note_write(at);                                                                                               \
    return __atomic_fetch_or(plain(at), value, __ATOMIC_SEQ_CST);                                                 \
  }                                                                                                               \
  int __tsan_atomic##BITS##_compare_exchange_strong(volatile WORD* at, WORD* before, WORD value, int, int) {      \
    note_write(at);                                                                                               \
    const bool done =                                                                                             \
        __atomic_compare_exchange_n(plain(at), before, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);         \
    if (done && BITS == 32) ++counts[self()].locks; /* os/mutex.h: nothing else exchanges words of 32 bits */     \
    return done;                                                                                                  \
  }                                                                                                               \
  int __tsan_atomic##BITS##_compare_exchange_weak(volatile WORD* at, WORD* before, WORD value, int a, int b) {    \
    return __tsan_atomic##BITS##_compare_exchange_strong(at, before, value, a, b);                                \
  }
NEAP_ATOMIC(8, std::uint8_t)
NEAP_ATOMIC(16, std::uint16_t) NEAP_ATOMIC(32, std::uint32_t) NEAP_ATOMIC(64, std::uint64_t)
#undef NEAP_ATOMIC

}  // extern "C"
