/* Known attacks on heaps, one per name: attacks NAME. What an attacker gains is the exit code: GAINED, or 0 where the
 * attempt was in vain. A library that finds it ends the program first. attacks.cmake says which does what. */
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

/* A slot of SMALL bytes is of a class that nothing else of such a program has. */
enum { GAINED = 3, SMALL = 56, MIXED = 5000, MEDIUM = 20000, LARGE = 100000, HUGE = 1 << 20, MANY = 60000, FEW = 64 };

static char* make(size_t size) {
  char* object = opaque(malloc(opaque_size(size)));
  if (object == NULL) exit(2);
  memset(object, 's', size); /* the secret */
  return opaque(object);
}
static void end(void* object) { free(opaque(object)); }

/* Gives the heap time to look at what was freed before. */
static void churn(size_t size) {
  for (int i = 0; i < MANY; ++i) end(make(size));
  malloc_trim(0);
}

/* Linear overflows and underflows, of an object that is freed. What is small lies behind an object of another class. */
static int write_at(size_t size, ptrdiff_t from, size_t length, char byte) {
  char* before = make(size < MEDIUM ? 3 * size : size);
  char* object = make(size);
  char* behind = make(size);
  memset(opaque(object + from), byte, length);
  end(object);
  end(before);
  end(behind);
  return GAINED;
}
static int overflow_by_one(void) { return write_at(SMALL, SMALL, 1, 'x'); }
static int overflow_by_a_zero(void) { return write_at(SMALL, SMALL, 1, 0); }
static int overflow_of_a_part_used(void) { return write_at(SMALL - 13, SMALL - 13, 1, 0); }
static int overflow_by_eight(void) { return write_at(SMALL, SMALL, 8, 'x'); }
static int overflow_by_far(void) { return write_at(SMALL, SMALL + 24, 8, 'x'); }
static int overflow_mixed(void) { return write_at(MIXED, MIXED, 1, 0); }
static int overflow_medium(void) { return write_at(MEDIUM, MEDIUM, 1, 0); }
static int overflow_large(void) { return write_at(LARGE, LARGE, 1, 0); }
static int overflow_large_by_pages(void) { return write_at(LARGE, LARGE, 8192, 'x'); }
static int overflow_large_whole(void) { return write_at(1 << 17, 1 << 17, 1, 'x'); }
static int underflow_by_one(void) { return write_at(SMALL, -1, 1, 'x'); }
static int underflow_by_eight(void) { return write_at(SMALL, -8, 8, 'x'); }
static int underflow_by_far(void) { return write_at(SMALL, -32, 1, 'x'); }
static int underflow_medium(void) { return write_at(MEDIUM, -32, 1, 'x'); }
static int underflow_large(void) { return write_at(LARGE, -1, 1, 'x'); }

static int overflow_then_realloc(void) {
  char* object = make(SMALL);
  object[SMALL] = 'x';
  end(realloc(opaque(object), 4 * SMALL));
  return GAINED;
}
static int overflow_then_realloc_in_place(void) {
  char* object = make(SMALL);
  object[SMALL] = 'x';
  end(realloc(opaque(object), SMALL - 1));
  return GAINED;
}
static int overflow_of_a_grown_large(void) {
  char* object = realloc(opaque(make(LARGE)), 3 * LARGE);
  object[3 * LARGE] = 'x';
  end(object);
  return GAINED;
}
static int overflow_of_a_shrunk_large(void) {
  char* object = realloc(opaque(make(LARGE)), LARGE / 2);
  object[LARGE / 2] = 'x';
  end(object);
  return GAINED;
}
static int write_to_no_bytes(void) {
  char* object = opaque(malloc(opaque_size(0)));
  *object = 'x';
  end(object);
  return GAINED;
}

/* Reads past an object, until the next one's secret. */
static int read_past_large(void) {
  char* objects[FEW];
  for (int i = 0; i < FEW; ++i) objects[i] = make(LARGE);
  char* from = objects[FEW / 2] + LARGE;
  for (size_t i = 0; i < HUGE; ++i) {
    if (*(char*)opaque(from + i) == 's') return GAINED;
  }
  return 0;
}

/* Use after free. */
static int write_after_free(size_t size) {
  char* object = make(size);
  end(object);
  object[size / 2] = 'x';
  churn(size);
  return GAINED;
}
static int write_after_free_small(void) { return write_after_free(SMALL); }
static int write_after_free_mixed(void) { return write_after_free(MIXED); }
static int write_after_free_medium(void) { return write_after_free(MEDIUM); }
static int write_after_free_large(void) {
  char* object = make(LARGE);
  end(object);
  *(char*)opaque(object + LARGE / 2) = 'x';
  return GAINED;
}
static int read_after_free(size_t size) {
  char* object = make(size);
  end(object);
  for (size_t i = 0; i < size; ++i) {
    if (*(char*)opaque(object + i) == 's') return GAINED;
  }
  return 0;
}
static int read_after_free_small(void) { return read_after_free(SMALL); }
static int read_after_free_large(void) { return read_after_free(LARGE); }
static int read_uninitialised(void) {
  static char* objects[MANY / 10];
  for (int i = 0; i < MANY / 10; ++i) objects[i] = make(SMALL);
  for (int i = 0; i < MANY / 10; ++i) end(objects[i]);
  for (int i = 0; i < MANY / 10; ++i) {
    if (memchr(opaque(malloc(SMALL)), 's', SMALL) != NULL) return GAINED;
  }
  return 0;
}

/* Type confusion: the freed object's place is the next one's of its size. */
static int reuse(size_t size) {
  char* object = make(size);
  const uintptr_t was = (uintptr_t)object;
  end(object);
  return (uintptr_t)make(size) == was ? GAINED : 0;
}
static int reuse_small(void) { return reuse(SMALL); }
static int reuse_medium(void) { return reuse(MEDIUM); }
static int reuse_large(void) { return reuse(LARGE); }
/* Or one of the next. */
static int reuse_spray(void) {
  char* object = make(SMALL);
  const uintptr_t was = (uintptr_t)object;
  end(object);
  for (int i = 0; i < FEW; ++i) {
    if ((uintptr_t)make(SMALL) == was) return GAINED;
  }
  return 0;
}
/* Neighbours can be foretold: what overflows is placed in front of what is to be overwritten. */
static int neighbours(void) {
  int beside = 0;
  char* before = make(SMALL);
  for (int i = 0; i < FEW; ++i) {
    char* next = make(SMALL);
    beside += next - before == 64;
    before = next;
  }
  return beside > FEW / 2 ? GAINED : 0;
}

/* Double frees. */
static int double_free_at(int distance, size_t size) {
  char* object = make(size);
  end(object);
  for (int i = 0; i < distance; ++i) end(make(size * 4));
  end(object);
  return GAINED;
}
static int double_free(void) { return double_free_at(0, SMALL); }
static int double_free_far(void) { return double_free_at(1000, SMALL); }
static int double_free_very_far(void) { return double_free_at(MANY, SMALL); }
static int double_free_large(void) { return double_free_at(10, LARGE); }
/* The key that the default finds it by was overwritten. */
static int double_free_overwritten(void) {
  char* object = make(SMALL);
  end(object);
  memset(opaque(object), 'x', SMALL);
  end(object);
  return GAINED;
}
/* The place is another's meanwhile: the second free is of that one. */
static int double_free_of_another(void) {
  char* object = make(SMALL);
  end(object);
  make(SMALL);
  end(object);
  return GAINED;
}
static void* free_it(void* object) {
  end(object);
  return NULL;
}
static int double_free_by_a_thread(void) {
  char* object = make(SMALL);
  pthread_t thread;
  if (pthread_create(&thread, NULL, free_it, object) != 0) return 2;
  pthread_join(thread, NULL);
  end(object);
  return GAINED;
}

/* Fake objects, as glibc's would look: a size in front, of what malloc never gave. */
static int fake_object(void) {
  static _Alignas(16) size_t fake[32] = {0, 0x51};
  end(fake + 2);
  return make(0x40) == (char*)(fake + 2) ? GAINED : 0;
}
static int fake_object_inside(void) {
  size_t* object = (size_t*)make(512);
  object[1] = 0x51;
  end(object + 2);
  return GAINED;
}

/* Poisoned free lists: a freed object's first words lead to the attacker's target, and malloc follows them. */
static int poisoned_list(void) {
  static _Alignas(16) char target[64];
  char* objects[FEW];
  for (int i = 0; i < FEW; ++i) objects[i] = make(SMALL);
  for (int i = 0; i < FEW; ++i) end(objects[i]);
  for (int i = 0; i < FEW; ++i) {
    for (size_t at = 0; at + sizeof(char*) <= SMALL; at += sizeof(char*)) *(char**)(objects[i] + at) = target;
  }
  for (int i = 0; i < MANY; ++i) {
    if (make(SMALL) == target) return GAINED;
  }
  churn(SMALL);
  return 0;
}
/* Unlink: a freed neighbour whose links are fake makes the next free write where they lead. */
static int unlinked(void) {
  static char* target[8];
  char* a = make(MIXED);
  char* b = make(MIXED);
  end(a);
  ((char***)a)[0] = target;
  ((char***)a)[1] = target;
  end(b);
  churn(MIXED);
  for (int i = 0; i < 8; ++i) {
    if (target[i] != NULL) return GAINED;
  }
  return 0;
}
/* Overlapping objects: a neighbour's size, where glibc keeps it, becomes larger, and its place serves a larger object.
 */
static int overlapping(void) {
  char* a = make(SMALL);
  char* b = make(SMALL);
  char* c = make(SMALL);
  *(size_t*)(a + SMALL) = 0x101;
  end(b);
  char* large = make(0xf0);
  const int overlap = large < c + SMALL && c < large + 0xf0;
  end(a);
  return overlap ? GAINED : 0;
}
/* House of force: the size of all that is left becomes endless, and the next object lies anywhere. */
static int endless_top(void) {
  static char target[64];
  char* a = make(SMALL);
  *(size_t*)(a + SMALL) = SIZE_MAX;
  opaque(malloc(opaque_size((size_t)(target - a) - 2 * SMALL)));
  const int hit = make(SMALL) == target;
  end(a);
  return hit ? GAINED : 0;
}

static int delete_of(size_t size) {
  void (*delete_sized)(void*, size_t) = NULL;
  *(void**)&delete_sized = dlsym(RTLD_DEFAULT, "_ZdlPvm");
  if (delete_sized == NULL) return SKIPPED;
  delete_sized(make(SMALL), opaque_size(size));
  return GAINED;
}
static int delete_of_a_larger_size(void) { return delete_of(5 * SMALL); }
static int delete_of_a_smaller_size(void) { return delete_of(1); }

static const struct {
  const char* name;
  int (*act)(void);
} attacks[] = {
#define ATTACK(name) \
  { #name, name }
    ATTACK(overflow_by_one),
    ATTACK(overflow_by_a_zero),
    ATTACK(overflow_of_a_part_used),
    ATTACK(overflow_by_eight),
    ATTACK(overflow_by_far),
    ATTACK(overflow_mixed),
    ATTACK(overflow_medium),
    ATTACK(overflow_large),
    ATTACK(overflow_large_by_pages),
    ATTACK(overflow_large_whole),
    ATTACK(underflow_by_one),
    ATTACK(underflow_by_eight),
    ATTACK(underflow_by_far),
    ATTACK(underflow_medium),
    ATTACK(underflow_large),
    ATTACK(overflow_then_realloc),
    ATTACK(overflow_then_realloc_in_place),
    ATTACK(overflow_of_a_grown_large),
    ATTACK(overflow_of_a_shrunk_large),
    ATTACK(write_to_no_bytes),
    ATTACK(read_past_large),
    ATTACK(write_after_free_small),
    ATTACK(write_after_free_mixed),
    ATTACK(write_after_free_medium),
    ATTACK(write_after_free_large),
    ATTACK(read_after_free_small),
    ATTACK(read_after_free_large),
    ATTACK(read_uninitialised),
    ATTACK(reuse_small),
    ATTACK(reuse_medium),
    ATTACK(reuse_large),
    ATTACK(reuse_spray),
    ATTACK(neighbours),
    ATTACK(double_free),
    ATTACK(double_free_far),
    ATTACK(double_free_very_far),
    ATTACK(double_free_large),
    ATTACK(double_free_overwritten),
    ATTACK(double_free_of_another),
    ATTACK(double_free_by_a_thread),
    ATTACK(fake_object),
    ATTACK(fake_object_inside),
    ATTACK(poisoned_list),
    ATTACK(unlinked),
    ATTACK(overlapping),
    ATTACK(endless_top),
    ATTACK(delete_of_a_larger_size),
    ATTACK(delete_of_a_smaller_size),
};

int main(int argc, char** argv) {
  for (size_t i = 0; argc == 2 && i < sizeof attacks / sizeof attacks[0]; ++i) {
    if (strcmp(argv[1], attacks[i].name) == 0) return attacks[i].act();
  }
  fprintf(stderr, "usage: attacks NAME; names:\n");
  for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; ++i) fprintf(stderr, "  %s\n", attacks[i].name);
  return 2;
}
