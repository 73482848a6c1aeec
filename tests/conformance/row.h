// A row of docs/conformance.md: what a text says of an allocation function, and the check that it holds. `conformance`
// and `conformance_replaced` play the rows of one table each, under libneap and, where it does as the text says, under
// glibc alone.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace conformance {

enum class Holds {
  everywhere,
  since_glibc_2_38,  // where glibc itself did otherwise before
  on_neap,           // glibc has no such function yet
};

struct Row {
  const char* name;
  void (*check)();
  Holds holds = Holds::everywhere;
};

// Notes a false condition with its line and goes on.
void expect(bool condition, const char* file = __builtin_FILE(), int line = __builtin_LINE());

// --list prints the names; names or beginnings of names play those rows alone. The exit code of main.
int play(std::span<const std::span<const Row>> tables, int count, char** arguments);

// Hides a value from the compiler, which may otherwise reason about what it allocates.
template <class Value>
Value opaque(Value value) {
  __asm__ volatile("" : "+r"(value) : : "memory");
  return value;
}

inline bool is_aligned(const void* object, std::size_t alignment) {
  return (reinterpret_cast<std::uintptr_t>(object) & (alignment - 1)) == 0;
}

// Sizes that no object can have: a difference of pointers into it would not fit ptrdiff_t.
inline constexpr std::size_t too_large[] = {PTRDIFF_MAX, std::size_t{PTRDIFF_MAX} + 1, SIZE_MAX - 4096, SIZE_MAX - 15,
                                            SIZE_MAX};
// Around the edges of classes, pages and of what is large.
inline constexpr std::size_t sizes[] = {0,    1,    7,    8,     9,     15,    16,    17,      24,     100,
                                        1000, 4095, 4096, 32767, 32768, 32769, 70000, 1 << 20, 5000000};

}  // namespace conformance
