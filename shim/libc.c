/* libneap-libc.so: glibc's own malloc, put back in front of a program that links another one (Debian's redis-server
 * links libjemalloc). Preloaded by the neap command for the allocator `libc`; every call goes on to the one in
 * libc.so.6. Thread-safe as these are; keeps no state but one looked-up address each.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

/* RTLD_NEXT would find the other malloc, for it comes before libc in the search order; so would the __libc_ names,
 * which some allocators bring as well. A handle of libc.so.6 itself finds only libc's, and to ask for it by the address
 * of one of its functions allocates nothing. Threads may race here: they store the same address. */
static uintptr_t in_libc(const char* name) {
  Dl_info info;
  void* libc = NULL;
  void* address = NULL;
  if (dladdr1(dlsym(RTLD_DEFAULT, "gnu_get_libc_version"), &info, &libc, RTLD_DL_LINKMAP) != 0)
    address = dlsym(libc, name);
  if (address == NULL) abort();
  return (uintptr_t)address;
}

#define FORWARD(result_type, name, parameters, arguments)                 \
  EXPORT result_type name parameters {                                    \
    static result_type(*_Atomic found) parameters;                        \
    if (found == NULL) found = (result_type(*) parameters)in_libc(#name); \
    return found arguments;                                               \
  }

FORWARD(void*, malloc, (size_t size), (size))
FORWARD(void*, calloc, (size_t count, size_t size), (count, size))
FORWARD(void*, realloc, (void* object, size_t size), (object, size))
FORWARD(void*, reallocarray, (void* object, size_t count, size_t size), (object, count, size))
FORWARD(void*, memalign, (size_t alignment, size_t size), (alignment, size))
FORWARD(void*, aligned_alloc, (size_t alignment, size_t size), (alignment, size))
FORWARD(int, posix_memalign, (void** result, size_t alignment, size_t size), (result, alignment, size))
FORWARD(void*, valloc, (size_t size), (size))
FORWARD(void*, pvalloc, (size_t size), (size))
FORWARD(size_t, malloc_usable_size, (void* object), (object))
FORWARD(int, malloc_trim, (size_t pad), (pad))
FORWARD(int, mallopt, (int parameter, int value), (parameter, value))
FORWARD(struct mallinfo2, mallinfo2, (void), ())
FORWARD(int, malloc_info, (int options, FILE* stream), (options, stream))

EXPORT void free(void* object) {
  static void (*_Atomic found)(void*);
  if (found == NULL) found = (void (*)(void*))in_libc("free");
  found(object);
}
EXPORT void cfree(void* object) { free(object); }

/* C++: an allocator library may bring its own operator new. Ours takes glibc's memory; when there is none it lets
 * libstdc++ call the new-handler and throw as the standard says. */
typedef void* (*New)(size_t);
typedef void* (*AlignedNew)(size_t, size_t);

static uintptr_t in_libstdcxx(const char* name) {
  void* library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_NOLOAD);
  void* address = library != NULL ? dlsym(library, name) : NULL;
  if (address == NULL) abort();
  return (uintptr_t)address;
}

static void* new_object(size_t size) {
  void* object = malloc(size);
  return object != NULL ? object : ((New)in_libstdcxx("_Znwm"))(size);
}

static void* new_aligned(size_t size, size_t alignment) {
  void* object = memalign(alignment, size);
  return object != NULL ? object : ((AlignedNew)in_libstdcxx("_ZnwmSt11align_val_t"))(size, alignment);
}

EXPORT void* _Znwm(size_t size) { return new_object(size); }
EXPORT void* _Znam(size_t size) { return new_object(size); }
EXPORT void* _ZnwmRKSt9nothrow_t(size_t size, const void* tag) { return (void)tag, malloc(size); }
EXPORT void* _ZnamRKSt9nothrow_t(size_t size, const void* tag) { return (void)tag, malloc(size); }
EXPORT void* _ZnwmSt11align_val_t(size_t size, size_t alignment) { return new_aligned(size, alignment); }
EXPORT void* _ZnamSt11align_val_t(size_t size, size_t alignment) { return new_aligned(size, alignment); }
EXPORT void* _ZnwmSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, const void* tag) {
  return (void)tag, memalign(alignment, size);
}
EXPORT void* _ZnamSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, const void* tag) {
  return (void)tag, memalign(alignment, size);
}

#define DELETE(name, ...) \
  EXPORT void name(void* object __VA_ARGS__) { free(object); }

DELETE(_ZdlPv)
DELETE(_ZdaPv)
DELETE(_ZdlPvm, , size_t size __attribute__((unused)))
DELETE(_ZdaPvm, , size_t size __attribute__((unused)))
DELETE(_ZdlPvRKSt9nothrow_t, , const void* tag __attribute__((unused)))
DELETE(_ZdaPvRKSt9nothrow_t, , const void* tag __attribute__((unused)))
DELETE(_ZdlPvSt11align_val_t, , size_t alignment __attribute__((unused)))
DELETE(_ZdaPvSt11align_val_t, , size_t alignment __attribute__((unused)))
DELETE(_ZdlPvmSt11align_val_t, , size_t size __attribute__((unused)), size_t alignment __attribute__((unused)))
DELETE(_ZdaPvmSt11align_val_t, , size_t size __attribute__((unused)), size_t alignment __attribute__((unused)))
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, , size_t alignment __attribute__((unused)),
       const void* tag __attribute__((unused)))
DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, , size_t alignment __attribute__((unused)),
       const void* tag __attribute__((unused)))
