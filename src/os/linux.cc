// The system calls for memory, futexes, and the end of the program. docs/syscalls.md lists all of the library's system
// calls with their arguments.
#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstring>

#include "base/units.h"
#include "os/os.h"
#include "os/sandbox.h"
#include "os/system_call.h"

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace neap::os {
namespace {

// Restores errno at the end of a scope: malloc's callers may rely on it.
class KeepErrno {
 public:
  ~KeepErrno() { errno = saved_; }

 private:
  int saved_ = errno;
};

// (MAP_NORESERVE is not given, so that the system refuses a commit of what the machine can never hold.)
void* map_nothing(void* hint, std::size_t size, int extra) {
  void* p = mmap(hint, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | extra, -1, 0);
  return p == MAP_FAILED ? nullptr : p;
}

// A seccomp filter may look at the size: Tor's refuses a read-write mprotect above 20 MiB.
constexpr std::size_t kLargestStep = std::size_t{16} << 20;

bool protect(void* address, std::size_t size) { return mprotect(address, size, PROT_READ | PROT_WRITE) == 0; }

constinit std::atomic<bool> met_locked_pages{false};
constinit std::atomic<bool> may_populate{true}, knows_together{true};

// Stands for the calling process where a process is named by a file (PIDFD_SELF, since Linux 6.15).
constexpr int kThisProcess = -10000;

// True where the C library's madvise is what a call of it comes to. A library that caches what it has told a device of
// memory has to see each page that is returned: it stands in front of madvise, or writes a jump over its first bytes.
bool madvise_is_plain() {
#if defined(__x86_64__)
  static constexpr unsigned char kMarker[] = {0xf3, 0x0f, 0x1e, 0xfa};                // endbr64
  static constexpr unsigned char kCall[] = {0xb8, SYS_madvise, 0, 0, 0, 0x0f, 0x05};  // mov $28, %eax; syscall
#elif defined(__aarch64__)
  static constexpr unsigned char kMarker[] = {0x5f, 0x24, 0x03, 0xd5};                        // bti c
  static constexpr unsigned char kCall[] = {0x28, 0x1d, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4};  // mov x8, #233; svc #0
#else
  static constexpr unsigned char kMarker[] = {0}, kCall[] = {0};
  return false;
#endif
  const unsigned char* code = reinterpret_cast<const unsigned char*>(&madvise);
  if (std::memcmp(code, kMarker, sizeof kMarker) == 0) code += sizeof kMarker;
  return std::memcmp(code, kCall, sizeof kCall) == 0;
}

bool has_content(const char* page) {
  const std::uint64_t* words = reinterpret_cast<const std::uint64_t*>(page);
  for (std::size_t i = 0; i < kPageSize / sizeof(std::uint64_t); i += 8) {
    std::uint64_t any = 0;
    for (std::size_t j = 0; j < 8; ++j) any |= words[i + j];
    if (any != 0) return true;
  }
  return false;
}

// How many aligned places below the first free one are tried. The kernel hands out addresses downwards, so the first
// is nearly always free.
constexpr int kAlignTries = 64;

// Where all of those are taken (MariaDB maps 8 TiB in one piece), or there is none (valgrind hands out addresses
// upwards, from 64 MiB on), as much more is reserved as the alignment may cost, and the ends are given back. With
// `whole`, so much more that no other mapping begins or ends between the multiples of `align` that surround the place.
void* reserve_with_ends(std::size_t size, std::size_t align, std::size_t offset, bool whole) {
  std::size_t all;
  if (__builtin_add_overflow(size, whole ? 3 * align : align - page_size, &all)) return nullptr;
  void* wide = map_nothing(nullptr, all, 0);
  if (wide == nullptr) return nullptr;
  const std::uintptr_t begin = address_of(wide);
  const std::uintptr_t place = round_up(whole ? begin : begin - offset, align) + offset;
  if (place > begin) munmap(wide, place - begin);
  if (place + size < begin + all) munmap(pointer_to(place + size), begin + all - place - size);
  return pointer_to(place);
}

void* reserve_at(std::uintptr_t place, std::size_t size) {
  void* got = map_nothing(pointer_to(place), size, MAP_FIXED_NOREPLACE);
  if (got == nullptr || got == pointer_to(place)) return got;
  munmap(got, size);  // a kernel before 4.17 takes the address as a hint
  return nullptr;
}

void* reserve_somewhere(std::size_t size, std::size_t align, std::size_t offset, std::uintptr_t passed_over) {
  std::uintptr_t from = passed_over;
  if (passed_over == 0) {
    void* probe = map_nothing(nullptr, size, 0);
    if (probe == nullptr || ((address_of(probe) - offset) & (align - 1)) == 0) return probe;
    munmap(probe, size);
    from = address_of(probe) + size;
  }
  std::uintptr_t place = from < size + offset ? 0 : ((from - size - offset) & ~(align - 1)) + offset;
  for (int i = 0; i < kAlignTries && place > align; ++i, place -= align) {
    if (void* got = reserve_at(place, size)) return got;
  }
  return reserve_with_ends(size, align, offset, passed_over != 0);
}

}  // namespace

void* reserve(std::size_t size, std::size_t align, std::size_t offset, std::uintptr_t passed_over) {
  KeepErrno keep;
  void* got = reserve_somewhere(size, align, offset, passed_over);
  if (got != nullptr) madvise(got, size, MADV_NOHUGEPAGE);
  return got;
}

void unreserve(void* address, std::size_t size) {
  KeepErrno keep;
  munmap(address, size);
}

// One call comes first, so that the system sees the whole of what is asked for. Where something other than memory was
// refused, the range is committed in steps.
bool commit(void* address, std::size_t size) {
  KeepErrno keep;
  if (protect(address, size)) return true;
  if (errno == ENOMEM) return false;
  char* at = static_cast<char*>(address);
  while (size > 0) {
    const std::size_t step = size < kLargestStep ? size : kLargestStep;
    if (!protect(at, step)) return false;
    at += step;
    size -= step;
  }
  return true;
}

bool decommit(void* address, std::size_t size) {
  KeepErrno keep;
  if (map_nothing(address, size, MAP_FIXED) == nullptr) return false;
  madvise(address, size, MADV_NOHUGEPAGE);
  return true;
}

bool make_readable(void* address, std::size_t size) {
  KeepErrno keep;
  return mprotect(address, size, PROT_READ) == 0;
}

bool discard(void* address, std::size_t size) {
  KeepErrno keep;
  if (madvise(address, size, MADV_DONTNEED) == 0) return true;
  if (errno != EINVAL) return false;
  met_locked_pages.store(true, std::memory_order_relaxed);
  return madvise(address, size, MADV_DONTNEED_LOCKED) == 0;
}

// (Of a process's own memory since Linux 6.13, which it may name so since 6.15, and for all ranges at once since 6.16.)
std::size_t discard_together(const Range* ranges, std::size_t count) {
  static_assert(sizeof(Range) == sizeof(iovec) && offsetof(Range, size) == offsetof(iovec, iov_len));
  if (!may_discard_together()) return 0;
  const auto ask = [&](int advice) { return system_call(SYS_process_madvise, kThisProcess, ranges, count, advice, 0); };
  long done = ask(MADV_DONTNEED);
  if (done == -EINVAL) {
    done = ask(MADV_DONTNEED_LOCKED);
    if (done > 0) met_locked_pages.store(true, std::memory_order_relaxed);
  }
  if (done < 0) {
    const bool may_change = done == -ENOMEM || done == -EAGAIN || done == -EINTR;
    if (!may_change) knows_together.store(false, std::memory_order_relaxed);
    return 0;
  }
  std::size_t whole = 0, bytes = static_cast<std::size_t>(done);
  for (; whole < count && bytes >= ranges[whole].size; ++whole) bytes -= ranges[whole].size;
  return whole;
}

bool may_discard_together() {
  return knows_together.load(std::memory_order_relaxed) && !may_be_filtered() && madvise_is_plain();
}

bool locks_pages() { return met_locked_pages.load(std::memory_order_relaxed); }

void forbid_huge_pages(void* address, std::size_t size) {
  KeepErrno keep;
  madvise(address, size, MADV_NOHUGEPAGE);
}

void allow_huge_pages(void* address, std::size_t size) {
  KeepErrno keep;
  madvise(address, size, MADV_HUGEPAGE);
}

// (Since Linux 5.14.) Where memory is short the next call may succeed; what else refuses it, an older kernel or a
// sandbox, always will.
bool populate(void* address, std::size_t size) {
  KeepErrno keep;
  if (!may_populate.load(std::memory_order_relaxed)) return false;
  if (madvise(address, size, MADV_POPULATE_WRITE) == 0) return true;
  if (errno != ENOMEM && errno != EINTR && errno != EAGAIN) may_populate.store(false, std::memory_order_relaxed);
  return false;
}

// A sandbox may refuse mincore, or end the process at it. There a page counts as written when it holds something else
// than zeros. The system maps the range before it is read, so that a page which may not be read is an error and not a
// signal.
bool which_written(void* address, std::size_t pages, unsigned char* out) {
  KeepErrno keep;
  if (page_size != kPageSize) return false;
  if (!may_be_filtered() && mincore(address, pages * kPageSize, out) == 0) return true;
  if (madvise(address, pages * kPageSize, MADV_POPULATE_READ) != 0) return false;
  for (std::size_t page = 0; page < pages; ++page)
    out[page] = has_content(static_cast<char*>(address) + page * kPageSize);
  return true;
}

void wait(const std::uint32_t* word, std::uint32_t expected) {
  system_call(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, nullptr);
}

void wake_one(const std::uint32_t* word) { system_call(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1); }

void print(const char* text, std::size_t size) {
  while (size > 0) {
    const long n = system_call(SYS_write, STDERR_FILENO, text, size);
    if (n <= 0) return;
    text += n;
    size -= static_cast<std::size_t>(n);
  }
}

void abort() { ::abort(); }

}  // namespace neap::os
