// malloc, calloc, realloc, reallocarray and free: C17 7.22.3, C23 7.24.3, POSIX 2024, and where those leave a choice,
// glibc's manual (3.2.3).
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <vector>

#include "tables.h"

namespace conformance {
namespace {

bool is_refused(void* object) {
  const bool refused = opaque(object) == nullptr && errno == ENOMEM;
  free(object);
  return refused;
}

// The same bytes in all of it; false where they are others.
void fill(void* object, std::size_t size, int byte) { std::memset(object, byte, size); }
bool holds(const void* object, std::size_t size, int byte) {
  const auto* bytes = static_cast<const unsigned char*>(object);
  for (std::size_t i = 0; i < size; ++i)
    if (bytes[i] != static_cast<unsigned char>(byte)) return false;
  return true;
}

void expect_unique(std::initializer_list<void*> objects) {
  for (void* const* one = objects.begin(); one != objects.end(); ++one) {
    expect(*one != nullptr);
    for (void* const* other = objects.begin(); other != one; ++other) expect(*one != *other);
  }
  for (void* object : objects) free(object);
}

void malloc_of_nothing() {
  expect_unique({malloc(opaque(std::size_t{0})), malloc(opaque(std::size_t{0})), malloc(opaque(std::size_t{1})),
                 malloc(opaque(std::size_t{0}))});
}
void calloc_of_nothing() {
  expect_unique({calloc(opaque(std::size_t{0}), 8), calloc(8, opaque(std::size_t{0})),
                 calloc(opaque(std::size_t{0}), SIZE_MAX), calloc(SIZE_MAX, opaque(std::size_t{0}))});
}
void realloc_of_null_and_nothing() {
  expect_unique({realloc(nullptr, opaque(std::size_t{0})), realloc(nullptr, opaque(std::size_t{0}))});
}

// All that malloc_usable_size tells is written in each; nobody's changes.
void objects_are_disjoint() {
  struct Object {
    void* at;
    std::size_t size;
  };
  std::vector<Object> objects;
  for (int round = 0; round < 3; ++round)
    for (const std::size_t size : sizes)
      for (void* object : {malloc(size), calloc(1, size), memalign(64, size)})
        objects.push_back({object, malloc_usable_size(object)});
  for (std::size_t i = 0; i < objects.size(); ++i) fill(objects[i].at, objects[i].size, static_cast<int>(i));
  for (std::size_t i = 0; i < objects.size(); ++i) expect(holds(objects[i].at, objects[i].size, static_cast<int>(i)));
  for (const Object& object : objects) free(object.at);
}

// For any type that fits: the largest power of two up to the size, at most 16.
void alignment_fits_every_type() {
  for (std::size_t size = 1; size < 70000; size += 1 + size / 9) {
    std::size_t alignment = 16;
    while (alignment > size) alignment /= 2;
    for (void* object : {malloc(size), calloc(1, size), realloc(nullptr, size), realloc(malloc(3 * size), size)}) {
      expect(object != nullptr && is_aligned(opaque(object), alignment));
      free(object);
    }
  }
}

void malloc_too_large() {
  for (const std::size_t size : too_large) {
    errno = 0;
    expect(is_refused(malloc(opaque(size))));
  }
}

// In a process of its own: what is left when nothing is, and that what is freed is there again.
bool runs_out_and_recovers() {
  constexpr rlim_t mebibyte = 1 << 20;
  constexpr std::size_t size = 100000;
  const rlimit limit{256 * mebibyte, 256 * mebibyte};
  setrlimit(RLIMIT_AS, &limit);
  static void* objects[4000];
  std::size_t count = 0;
  errno = 0;
  while (count < std::size(objects) && (objects[count] = malloc(size)) != nullptr) ++count;
  if (count == std::size(objects) || errno != ENOMEM) return false;
  errno = 0;
  void* kept = realloc(objects[0], size * 100);
  if (kept != nullptr || errno != ENOMEM) return false;
  while (count > 0) free(objects[--count]);
  kept = malloc(size * 100);
  return kept != nullptr;
}

void malloc_when_memory_is_out() {
  const pid_t child = fork();
  if (child == 0) _exit(runs_out_and_recovers() ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void calloc_too_large() {
  for (const std::size_t size : too_large)
    for (const bool first : {false, true}) {
      errno = 0;
      expect(is_refused(first ? calloc(opaque(size), 1) : calloc(1, opaque(size))));
    }
}

struct Product {
  std::size_t count, size;
};
constexpr std::size_t half = std::size_t{1} << 32;
constexpr Product overflowing[] = {{half, half},          {half, half + 1},     {SIZE_MAX / 2 + 1, 2},
                                   {2, SIZE_MAX / 2 + 1}, {SIZE_MAX, SIZE_MAX}, {SIZE_MAX / 3 + 1, 3}};

void calloc_overflow() {
  for (const Product& each : overflowing) {
    errno = 0;
    expect(is_refused(calloc(opaque(each.count), opaque(each.size))));
  }
}

void calloc_is_zero() {
  for (const std::size_t size : sizes) {
    for (int i = 0; i < 4; ++i) {
      void* used = malloc(size);
      fill(opaque(used), size, 0xff);
      free(used);
    }
    void* zeros = calloc(size / 4 + 1, 4);
    expect(zeros != nullptr && holds(opaque(zeros), (size / 4 + 1) * 4, 0));
    free(zeros);
  }
}

void realloc_keeps_contents() {
  for (const std::size_t from : sizes)
    for (const std::size_t to : sizes) {
      if (to == 0) continue;
      void* object = malloc(from);
      fill(opaque(object), from, 0x5a);
      object = realloc(object, opaque(to));
      expect(object != nullptr && holds(opaque(object), from < to ? from : to, 0x5a));
      expect(malloc_usable_size(object) >= to);
      free(object);
    }
}

void realloc_to_nothing_frees() {
  for (const std::size_t size : sizes) {
    expect(realloc(malloc(size), opaque(std::size_t{0})) == nullptr);
    expect(reallocarray(malloc(size), opaque(std::size_t{0}), 8) == nullptr);
    expect(reallocarray(malloc(size), 8, opaque(std::size_t{0})) == nullptr);
  }
  const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
  for (int i = 0; i < 1000; ++i) expect(realloc(malloc(100000), opaque(std::size_t{0})) == nullptr);
  expect(mallinfo2().uordblks + mallinfo2().hblkhd < before + 50 * 100000);  // it was no leak
}

// What is refused leaves the object as it is.
void expect_kept_at_refusal(Product size, bool as_array) {
  for (const std::size_t old : sizes) {
    void* object = malloc(old);
    fill(opaque(object), old, 0x33);
    errno = 0;
    void* grown =
        as_array ? reallocarray(object, opaque(size.count), opaque(size.size)) : realloc(object, opaque(size.size));
    expect(grown == nullptr && errno == ENOMEM && holds(object, old, 0x33));
    free(object);
  }
}

void realloc_too_large() {
  for (const std::size_t size : too_large) expect_kept_at_refusal({1, size}, false);
  for (const std::size_t size : too_large) {
    errno = 0;
    expect(is_refused(realloc(nullptr, opaque(size))));
  }
}

void reallocarray_overflow() {
  for (const Product& each : overflowing) expect_kept_at_refusal(each, true);
  for (const std::size_t size : too_large) expect_kept_at_refusal({1, size}, true);
}

void reallocarray_allocates_and_grows() {
  char* object = static_cast<char*>(reallocarray(nullptr, opaque(std::size_t{30}), 10));
  expect(object != nullptr && malloc_usable_size(object) >= 300);
  fill(opaque(object), 300, 9);
  object = static_cast<char*>(reallocarray(object, opaque(std::size_t{100}), 1000));
  expect(object != nullptr && malloc_usable_size(object) >= 100000 && holds(object, 300, 9));
  free(object);
}

void free_of_null() { free(opaque(static_cast<void*>(nullptr))); }

// Locked pages make the kernel refuse what free asks of it.
void free_keeps_errno() {
  for (const std::size_t size : sizes)
    for (const bool is_locked : {false, true}) {
      void* objects[40];
      for (void*& object : objects) {
        object = malloc(size);
        fill(opaque(object), size, 1);
        if (is_locked) mlock(object, size);
      }
      for (void* object : objects) {
        errno = 12345;
        free(object);
        expect(errno == 12345);
      }
    }
  errno = 12345;
  free(opaque(static_cast<void*>(nullptr)));
  expect(errno == 12345);
}

constexpr Row rows[] = {
    {"malloc.zero", malloc_of_nothing},
    {"malloc.disjoint", objects_are_disjoint},
    {"malloc.alignment", alignment_fits_every_type},
    {"malloc.too_large", malloc_too_large},
    {"malloc.exhausted", malloc_when_memory_is_out},
    {"calloc.zero", calloc_of_nothing},
    {"calloc.zeroed", calloc_is_zero},
    {"calloc.overflow", calloc_overflow},
    {"calloc.too_large", calloc_too_large},
    {"realloc.null", realloc_of_null_and_nothing},
    {"realloc.contents", realloc_keeps_contents},
    {"realloc.to_zero", realloc_to_nothing_frees},
    {"realloc.too_large", realloc_too_large},
    {"reallocarray.grows", reallocarray_allocates_and_grows},
    {"reallocarray.overflow", reallocarray_overflow},
    {"free.null", free_of_null},
    {"free.errno", free_keeps_errno},
};

}  // namespace

std::span<const Row> plain_rows() { return rows; }

}  // namespace conformance
