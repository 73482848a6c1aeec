// A C++ program that links jemalloc, which brings an operator new of its own. Prints the usable size of a new object of
// 100 bytes: 104 on glibc, 112 on jemalloc. It ends badly where malloc and operator new come from two allocators.
#include <malloc.h>

#include <cstdio>

int main() {
  char* object = new char[100];
  std::printf("usable %zu\n", malloc_usable_size(object));
  delete[] object;
}
