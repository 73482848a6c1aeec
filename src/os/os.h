// Everything the library asks of the system. linux.cc and linux_facts.cc make the system calls, and are the only files
// that do; unit tests link tests/unit/fake_os.cc in their place. All functions but one are thread-safe and
// async-signal-safe, and keep errno. A call that a sandbox refuses is answered by `false` or null, never by a spin or
// an abort.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/units.h"

namespace neap::os {

// Bytes of the system's page, which it protects, lends and takes back as a whole: 4 KiB on x86-64; 4, 16 or 64 KiB on
// arm64, as its kernel was built. It is a power of two from kPageSize to kBlockSize, and every range below consists of
// whole ones. It is written before the heap's first call (api/exempt.h), and never again.
inline constinit std::size_t page_size = kPageSize;
// What the system says that its page size is, which may be anything.
std::size_t read_page_size();

// Reserves address space without memory: `size` bytes that begin `offset` bytes (below `align`) above a multiple of
// `align`, a power of two. `passed_over` is 0, or a place that does not do, because another's begins or ends between
// the same multiples of `align`: then all of it lies below that, or between multiples of `align` where nothing else
// lies. No huge pages will be laid in it. Null when the system refuses.
void* reserve(std::size_t size, std::size_t align, std::size_t offset = 0, std::uintptr_t passed_over = 0);

// Gives a whole reservation back.
void unreserve(void* address, std::size_t size);

// Makes reserved pages readable and writable. They read as zeros until they are written to. False when the system
// refuses; some of them may have become usable all the same.
bool commit(void* address, std::size_t size);

// Undoes commit and gives the memory back: the pages are as they were when they were reserved. False when the system
// refuses.
bool decommit(void* address, std::size_t size);

// True where the system counts committed memory against a limit, used or not, so that free memory should not stay
// committed: under strict overcommit (vm.overcommit_memory=2), or under a limit on the process's data (RLIMIT_DATA).
bool counts_commits();

// Makes reserved pages readable: they read as zeros. False when the system refuses.
bool make_readable(void* address, std::size_t size);

// Gives back the memory of committed pages, which then read as zeros. False when that is not certain.
bool discard(void* address, std::size_t size);

// The same for several ranges by one call, where the system can: while other threads run each discard interrupts their
// CPUs, and this one does so once. Returns of how many ranges, the first ones, that is certain; the others are as they
// were, or discarded too.
struct Range {
  void* address;
  std::size_t size;
};
std::size_t discard_together(const Range* ranges, std::size_t count);
// Whether that may be tried.
bool may_discard_together();

// True once a discard has met locked pages (mlockall): then what is committed is resident.
bool locks_pages();

// Keeps transparent huge pages out of a range again: they would undo the release of single pages.
void forbid_huge_pages(void* address, std::size_t size);

// Asks for transparent huge pages in a range, which the system may or may not lay there.
void allow_huge_pages(void* address, std::size_t size);

// Makes committed pages resident, as if each had been written to without changing it: one call in place of many faults.
// False when the system refused, for some or all of them; those then come with their first use.
bool populate(void* address, std::size_t size);

// Tells which pages of a committed range were written since they last read as zeros, as far as that can be seen: bit 0
// of out[i] for page i. False when it cannot be told: where the system's page is larger than ours, or the program has
// forbidden itself to read.
bool which_written(void* address, std::size_t pages, unsigned char* out);

// The process's limit on address space in bytes; SIZE_MAX when there is none.
std::size_t address_space_limit();

// What memory a control group may have, and how much it has that the system could not take back at once, in bytes.
struct GroupMemory {
  std::uint64_t limit = UINT64_MAX, used = 0;
  std::uint64_t left() const { return rest(limit, used); }
};
// Looks at the control groups that the process lives in, and puts the one that has least left before its limit into
// `out`. False where nothing may be asked; then what was told last still holds. This is the one function that is not
// thread-safe: its caller holds a lock.
bool group_memory(GroupMemory& out);

// Nanoseconds of a clock that never goes back, as exactly as can be told without a system call; 0 where there is none.
std::uint64_t coarse_time();

// Bits that nobody can foretell.
std::uint64_t random();

// One more than the highest CPU number that this system can have; 0 when that is not known.
std::size_t cpu_bound();

// Called when the process is about to forbid itself system calls (seccomp), after which a call that its filter does not
// foresee may end it. Everything that is asked beside memory and futexes is asked now. Later it is answered as it was
// then, or not at all.
void prepare_for_sandbox();

// Sleeps while *word == expected, until woken. May return early.
void wait(const std::uint32_t* word, std::uint32_t expected);
void wake_one(const std::uint32_t* word);

// Reads the first `size` bytes of a file that belongs to root and that nobody else may write to. 0 when the file is
// absent, or not such a file.
std::size_t read_file_of_root(const char* path, char* buffer, std::size_t size);

// Writes to stderr, as much of it as the system takes.
void print(const char* text, std::size_t size);
[[noreturn]] void abort();

}  // namespace neap::os
