/* One misuse of the heap per name: misuse NAME. The library has to abort with one line that says which; a program that
 * comes back from the misuse, and from giving everything to the system afterwards, exits with 0 and has failed. */
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "expect.h"

enum { SMALL = 40, MEDIUM = 20000, LARGE = 1 << 20, HUGE = 64 << 20, MANY = 2000 };

static void* make(size_t size) {
  char* object = opaque(malloc(opaque_size(size)));
  memset(object, 0x5a, size);
  return opaque(object);
}

static void make_and_free_many(size_t size) {
  static void* objects[MANY];
  for (int i = 0; i < MANY; ++i) objects[i] = make(size);
  for (int i = 0; i < MANY; ++i) free(opaque(objects[i]));
}

static void free_twice_of(size_t size) {
  void* object = make(size);
  free(opaque(object));
  free(opaque(object));
}

static void free_twice(void) { free_twice_of(SMALL); }
static void free_twice_medium(void) { free_twice_of(MEDIUM); }
static void free_twice_large(void) { free_twice_of(LARGE); }
static void free_twice_huge(void) { free_twice_of(HUGE); }

static void free_twice_with_others_between(void) {
  void* object = make(SMALL);
  free(opaque(object));
  void* others[64];
  for (int i = 0; i < 64; ++i) others[i] = make(SMALL * 4);
  for (int i = 0; i < 64; ++i) free(opaque(others[i]));
  free(opaque(object));
}

static void* free_it(void* object) {
  free(opaque(object));
  return NULL;
}

static void in_a_thread(void* (*act)(void*), void* object) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, act, object) != 0) exit(3);
  pthread_join(thread, NULL);
}

static void free_twice_other_thread(void) {
  void* object = make(SMALL);
  free(opaque(object));
  in_a_thread(free_it, object);
}

static void free_twice_both_in_threads(void) {
  void* object = make(SMALL);
  in_a_thread(free_it, object);
  in_a_thread(free_it, object);
}

static void free_twice_after_flush(void) {
  void* object = make(SMALL);
  void* neighbour = make(SMALL);
  free(opaque(object));
  make_and_free_many(SMALL);
  malloc_trim(0);
  free(opaque(object));
  free(opaque(neighbour));
}

static void free_twice_after_slab_release(void) {
  static void* objects[MANY];
  for (int i = 0; i < MANY; ++i) objects[i] = make(256);
  for (int i = 0; i < MANY; ++i) free(opaque(objects[i]));
  malloc_trim(0);
  free(opaque(objects[MANY / 2]));
}

static void free_twice_aligned(void) {
  void* object = NULL;
  if (posix_memalign(&object, 4096, 4096) != 0) exit(3);
  free(opaque(object));
  free(opaque(object));
}

static void delete_twice(void) {
  void (*delete_object)(void*) = NULL;
  *(void**)&delete_object = dlsym(RTLD_DEFAULT, "_ZdlPv");
  if (delete_object == NULL) exit(SKIPPED);
  void* object = make(SMALL);
  delete_object(opaque(object));
  delete_object(opaque(object));
}

static void free_stack(void) {
  _Alignas(64) char bytes[256];
  free(opaque(bytes + 64));
}

static void free_static(void) {
  static _Alignas(4096) char bytes[8192];
  free(opaque(bytes));
}

static void free_mapping(void) {
  void* pages = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  free(opaque(pages));
}

static void free_number(uintptr_t number) { free(opaque((void*)number)); }
static void free_near_null(void) { free_number(16); }
static void free_kernel_address(void) { free_number(0xffff888000001000u); }
static void free_non_canonical(void) { free_number(0x4141414141414140u); }

static void free_at_offset(size_t size, size_t offset) { free(opaque((char*)make(size) + opaque_size(offset))); }
static void free_misaligned(void) { free_at_offset(SMALL, 1); }
static void free_inside_small(void) { free_at_offset(512, 16); }
static void free_inside_medium(void) { free_at_offset(MEDIUM, 4096); }
static void free_inside_large(void) { free_at_offset(LARGE, 64); }
static void free_inside_large_at_page(void) { free_at_offset(LARGE, 4096); }
static void free_inside_large_at_block(void) { free_at_offset(LARGE, 1 << 16); }

static void free_sized_of(size_t size, size_t claimed) {
  void (*free_with_size)(void*, size_t) = NULL;
  *(void**)&free_with_size = dlsym(RTLD_DEFAULT, "free_sized");
  if (free_with_size == NULL) exit(SKIPPED);
  free_with_size(make(size), opaque_size(claimed));
}

static void free_sized_too_large(void) { free_sized_of(100, 5000); }
static void free_sized_too_large_large(void) { free_sized_of(LARGE, 2 * LARGE); }

static void free_aligned_sized_too_large(void) {
  void (*free_with_size)(void*, size_t, size_t) = NULL;
  *(void**)&free_with_size = dlsym(RTLD_DEFAULT, "free_aligned_sized");
  if (free_with_size == NULL) exit(SKIPPED);
  free_with_size(opaque(aligned_alloc(64, 640)), 64, opaque_size(64000));
}

static void realloc_freed_of(size_t size) {
  void* object = make(size);
  free(opaque(object));
  object = realloc(opaque(object), opaque_size(size * 3));
  opaque(object);
}

static void realloc_freed(void) { realloc_freed_of(SMALL); }
static void realloc_freed_large(void) { realloc_freed_of(LARGE); }

static void realloc_stack(void) {
  _Alignas(64) char bytes[256];
  opaque(realloc(opaque(bytes), 1000));
}

static void realloc_inside(void) { opaque(realloc(opaque((char*)make(512) + 32), 1000)); }

static const struct {
  const char* name;
  void (*act)(void);
} misuses[] = {
#define MISUSE(name) \
  { #name, name }
    MISUSE(free_twice),
    MISUSE(free_twice_medium),
    MISUSE(free_twice_large),
    MISUSE(free_twice_huge),
    MISUSE(free_twice_with_others_between),
    MISUSE(free_twice_other_thread),
    MISUSE(free_twice_both_in_threads),
    MISUSE(free_twice_after_flush),
    MISUSE(free_twice_after_slab_release),
    MISUSE(free_twice_aligned),
    MISUSE(delete_twice),
    MISUSE(free_stack),
    MISUSE(free_static),
    MISUSE(free_mapping),
    MISUSE(free_near_null),
    MISUSE(free_kernel_address),
    MISUSE(free_non_canonical),
    MISUSE(free_misaligned),
    MISUSE(free_inside_small),
    MISUSE(free_inside_medium),
    MISUSE(free_inside_large),
    MISUSE(free_inside_large_at_page),
    MISUSE(free_inside_large_at_block),
    MISUSE(free_sized_too_large),
    MISUSE(free_sized_too_large_large),
    MISUSE(free_aligned_sized_too_large),
    MISUSE(realloc_freed),
    MISUSE(realloc_freed_large),
    MISUSE(realloc_stack),
    MISUSE(realloc_inside),
};

int main(int argc, char** argv) {
  for (size_t i = 0; argc == 2 && i < sizeof misuses / sizeof misuses[0]; ++i) {
    if (strcmp(argv[1], misuses[i].name) != 0) continue;
    misuses[i].act();
    for (size_t size = 16; size <= LARGE; size *= 4) make_and_free_many(size < MEDIUM ? size : MEDIUM);
    malloc_trim(0);
    return 0;
  }
  fprintf(stderr, "usage: misuse NAME; names:\n");
  for (size_t i = 0; i < sizeof misuses / sizeof misuses[0]; ++i) fprintf(stderr, "  %s\n", misuses[i].name);
  return 2;
}
