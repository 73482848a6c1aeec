// Restartable sequences: sections that the kernel starts anew when their thread is preempted, moved to another CPU or
// interrupted by a signal inside. What a section does to the memory of its CPU by ONE last store needs neither a lock
// nor an atomic read-modify-write.
//
// The memory of a CPU is a set of stacks of pointers. It begins with a head for each stack, {limit, top} in 64 bits
// (top in the low half), byte offsets in the set; below each stack's first slot, and below the set, lies a null word. A
// head of 0 is one that can neither give nor take. CPUs are numbered by the kernel for each process, densely (mm_cid).
// The lowest stacks, `kOwn` of them, are taken from a set of the thread's own instead: without a branch, since what
// sizes a program asks for is hard to foretell.
//
// x86-64, glibc 2.35 and kernel 6.3, or newer. Elsewhere no thread is ever registered, and the rest is never called.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/units.h"

namespace neap::rseq {

inline constexpr std::size_t kShift = 15;  // of the bytes from one CPU's set to the next
// The address of a set that sections use carries this mark, so that one test tells it from any other pointer.
inline constexpr std::uintptr_t kMark = 1;

// True when the kernel restarts the calling thread's sections.
bool is_registered();

#if defined(__x86_64__) && defined(__LP64__) && defined(__GLIBC__)

// How far behind the thread pointer the area lies that the kernel writes for the thread. Set by is_registered().
[[gnu::visibility("hidden")]] extern constinit std::ptrdiff_t area_offset;

// A section lies between labels 1 and 2. Label 4, behind the signature that glibc registers, is where the kernel sends
// a thread that it interrupted inside. %[set] becomes the marked address of the CPU's set. (volatile: GCC 12 drops an
// `asm goto` whose outputs nobody reads. "?": the sections belong to the function's group, and go where it goes.)
#define NEAP_RSEQ_BEGIN                    \
  ".pushsection __rseq_cs, \"aw?\"\n"      \
  ".balign 32\n"                           \
  "3: .long 0, 0\n"                        \
  ".quad 1f, 2f - 1f, 4f\n"                \
  ".popsection\n"                          \
  ".pushsection .text.unlikely, \"ax?\"\n" \
  ".byte 0x0f, 0xb9, 0x3d\n"               \
  ".long 0x53053053\n"                     \
  "4: jmp 5f\n"                            \
  ".popsection\n"                          \
  "5: leaq 3b(%%rip), %[set]\n"            \
  "movq %[set], %%fs:8(%[area])\n"         \
  "1: movl %%fs:24(%[area]), %k[set]\n"    \
  "shlq %[shift], %[set]\n"                \
  "addq %[sets], %[set]\n"
#define NEAP_RSEQ_OR_OWN  \
  "cmpq %[owned], %[c]\n" \
  "cmovbq %[own], %[set]\n"

// Takes the newest object of stack c; null when the stack is empty. `sets` is the marked address of the first CPU's
// set, and `own` that of the thread's own set.
template <std::size_t kOwn>
[[gnu::always_inline]] inline void* pop(void* sets, void* own, std::size_t c) {
  std::uintptr_t set, top;
  void* object;
  asm volatile goto(
      NEAP_RSEQ_BEGIN NEAP_RSEQ_OR_OWN
      "movl -1(%[set],%[c],8), %k[top]\n"
      "movq -9(%[set],%[top]), %[object]\n"
      "testq %[object], %[object]\n"
      "je %l[empty]\n"
      "subl $8, %k[top]\n"
      "movl %k[top], -1(%[set],%[c],8)\n"
      "2:\n"
      : [set] "=&r"(set), [top] "=&r"(top), [object] "=&r"(object)
      : [area] "r"(area_offset), [sets] "r"(sets), [own] "r"(own), [c] "r"(c), [shift] "i"(kShift), [owned] "i"(kOwn)
      : "memory", "cc"
      : empty);
  if (object == nullptr) __builtin_unreachable();  // spares the caller the test
  return object;
empty:
  return nullptr;
}

// Writes `key` into an object's first word and pushes it onto stack c; false when the stack is full, and the word is 0
// then: a section that began anew elsewhere may have left the key.
// The limit is read before the top, each by itself: a load of both would wait for the store of the top before it. A
// limit of 0 refuses every top, and a top that is read later than another limit belongs to it.
template <std::size_t kOwn>
[[gnu::always_inline]] inline bool push(void* sets, void* own, std::size_t c, void* object, std::uint64_t key) {
  std::uintptr_t set, top, limit;
  asm volatile goto(NEAP_RSEQ_BEGIN NEAP_RSEQ_OR_OWN
                    "movl 3(%[set],%[c],8), %k[limit]\n"
                    "movl -1(%[set],%[c],8), %k[top]\n"
                    "cmpl %k[limit], %k[top]\n"
                    "jae %l[refused]\n"
                    "movq %[key], (%[object])\n"
                    "movq %[object], -1(%[set],%[top])\n"
                    "addl $8, %k[top]\n"
                    "movl %k[top], -1(%[set],%[c],8)\n"
                    "2:\n"
                    : [set] "=&r"(set), [top] "=&r"(top), [limit] "=&r"(limit)
                    : [area] "r"(area_offset), [sets] "r"(sets), [c] "r"(c), [own] "r"(own), [object] "r"(object),
                      [key] "r"(key), [shift] "i"(kShift), [owned] "i"(kOwn)
                    : "memory", "cc"
                    : refused);
  return true;
refused:
  std::memset(object, 0, sizeof key);
  return false;
}

struct Claimed {
  char* stacks;  // unmarked; those of the CPU
  std::uint64_t head;
};

// Takes a stack of the calling thread's CPU away from everybody, by leaving a head of 0. The head that it returns is 0
// where one of 0 stood there already, or where the CPU's set is not `only` (marked; null: any set will do).
inline Claimed claim(void* sets, std::size_t c, const void* only) {
  std::uintptr_t set;
  std::uint64_t head;
  asm volatile(NEAP_RSEQ_BEGIN
               "xorl %k[head], %k[head]\n"
               "testq %[only], %[only]\n"
               "je 6f\n"
               "cmpq %[only], %[set]\n"
               "jne 2f\n"
               "6: movq -1(%[set],%[c],8), %[head]\n"
               "testq %[head], %[head]\n"
               "je 2f\n"
               "movq $0, -1(%[set],%[c],8)\n"
               "2:\n"
               : [set] "=&r"(set), [head] "=&r"(head)
               : [area] "r"(area_offset), [sets] "r"(sets), [c] "r"(c), [only] "r"(only), [shift] "i"(kShift)
               : "memory", "cc");
  return {pointer_to(set - kMark), head};
}

#undef NEAP_RSEQ_OR_OWN
#undef NEAP_RSEQ_BEGIN

#else

template <std::size_t kOwn>
void* pop(void*, void*, std::size_t) {
  return nullptr;
}
template <std::size_t kOwn>
bool push(void*, void*, std::size_t, void*, std::uint64_t) {
  return false;
}
struct Claimed {
  char* stacks;
  std::uint64_t head;
};
inline Claimed claim(void*, std::size_t, const void*) { return {}; }

#endif

}  // namespace neap::rseq
