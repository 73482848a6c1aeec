// The calls through which an allocator gets address space and memory and gives them back, as this program has them:
// its own definitions come before libc's, for preloaded libraries too. They refuse what the plan tells them to.
//
// Of madvise there are two programs. One has its own (advise.cc), which the library sees, and so makes no
// process_madvise. The other has libc's, and process_madvise is trapped (together.cc).
//
// The plan stands in NEAP_REFUSE="CALL WAY N", and is in force from the first call of the process, long before main.
// Refusals are as bad as kernels make them: a refused mprotect or madvise has been carried out on half of its range, a
// refused mremap has unmapped its destination. Thread-safe; children of a fork go on with the plan.
#ifndef NEAP_TESTS_TORTURE_REFUSE_H
#define NEAP_TESTS_TORTURE_REFUSE_H

#include <cstddef>
#include <cstdint>

namespace refuse {

enum Call { map, unmap, protect, advise, move, look, advise_together, advise_less };
inline constexpr const char* call_names[] = {"mmap",   "munmap",  "mprotect",        "madvise",
                                             "mremap", "mincore", "process_madvise", "process_madvise_short"};
inline constexpr int call_kinds = 8;

enum Way {
  once,      // the Nth call
  every,     // every Nth call
  from,      // the Nth call and all that follow
  for_ever,  // all calls of the kind, libc's own ones too, by the kernel's filter
};
inline constexpr const char* way_names[] = {"once", "every", "from", "for_ever"};

inline constexpr const char* plan_variable = "NEAP_REFUSE";

// Whether this program can refuse it.
bool may_refuse(Call call);

// What the kernel has to refuse, in main. False where it has no filters for this program, or has one already
// under which the library does not make the call.
bool begin();

// From now on nothing is refused. False where the kernel's filter goes on.
bool end();

std::uint64_t calls(Call call);

// What lies in memory of all mappings made through this mmap in which an object was noted.
void note_object(const void* object);
std::size_t resident_bytes();

}  // namespace refuse

#endif
