// A system call by its instruction, not through the C library's function. A library may stand in front of open,
// syscall, write and others, and may allocate there, or wait for a lock that its caller holds (torsocks loads a library
// at its first call); and in some of them a thread may be cancelled. malloc must enter none of them. Calls that map
// memory go by their names all the same, because some libraries have to see what is unmapped or returned (those of
// devices that memory is registered with).
#pragma once

#include <errno.h>
#include <unistd.h>

#include <type_traits>

namespace neap::os {

template <class Argument>
long as_word(Argument argument) {
  if constexpr (std::is_null_pointer_v<Argument>) {
    return 0;
  } else if constexpr (std::is_pointer_v<Argument>) {
    return reinterpret_cast<long>(argument);
  } else {
    return static_cast<long>(argument);
  }
}

// Returns the result, or the negated error. errno is left alone.
template <class... Arguments>
requires(sizeof...(Arguments) <= 5) long system_call(long number, Arguments... arguments) {
  const long words[5] = {as_word(arguments)...};
#if defined(__x86_64__)
  long result = number;
  register long fourth asm("r10") = words[3];
  register long fifth asm("r8") = words[4];
  asm volatile("syscall"
               : "+a"(result)
               : "D"(words[0]), "S"(words[1]), "d"(words[2]), "r"(fourth), "r"(fifth)
               : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long call asm("x8") = number;
  register long first asm("x0") = words[0];
  register long second asm("x1") = words[1];
  register long third asm("x2") = words[2];
  register long fourth asm("x3") = words[3];
  register long fifth asm("x4") = words[4];
  asm volatile("svc 0" : "+r"(first) : "r"(call), "r"(second), "r"(third), "r"(fourth), "r"(fifth) : "memory");
  return first;
#else
  const int before = errno;
  const long result = ::syscall(number, words[0], words[1], words[2], words[3], words[4]);
  const int error = errno;
  errno = before;
  return result == -1 ? -error : result;
#endif
}

}  // namespace neap::os
