# Where neap can be built: said at once, not by the compiler's hundredth error. (CMake breaks a message that begins with no
# space.)
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_QUIET ON)

if(NOT CMAKE_SYSTEM_NAME STREQUAL Linux)
  message(FATAL_ERROR " neap is for Linux; this is ${CMAKE_SYSTEM_NAME}.")
endif()

# The page map is a flat table over 48 bits of addresses.
if(NOT CMAKE_SIZEOF_VOID_P EQUAL 8)
  message(FATAL_ERROR " neap needs a 64-bit target; this compiler makes programs of ${CMAKE_SIZEOF_VOID_P}-byte pointers.")
endif()

# 2.34 has threads and dlopen in libc.so.6, where a preloaded library that needs nothing else finds them.
check_cxx_source_compiles("#include <features.h>
  #if !defined(__GLIBC__) || !__GLIBC_PREREQ(2, 34)
  #error
  #endif
  int main() {}" NEAP_HAS_GLIBC_2_34)
if(NOT NEAP_HAS_GLIBC_2_34)
  message(FATAL_ERROR " neap needs glibc 2.34 or newer (Debian 12, Ubuntu 22.04, RHEL 9); this is an older one or another C library.")
endif()

check_cxx_source_compiles("#include <bit>
  static_assert(std::bit_ceil(5u) == 8); constinit int x = 0; int main() { return x; }" NEAP_HAS_CXX20)
if(NOT NEAP_HAS_CXX20)
  message(FATAL_ERROR " neap needs C++20 (gcc 12, clang 14 or newer); this is ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}.")
endif()
unset(CMAKE_REQUIRED_QUIET)
