/* libneap-libc.so: glibc's own malloc, put back in front of a program that links another one (Debian's redis-server
 * links libjemalloc). The neap command preloads it for the allocator `libc`. Every call forwards to glibc's __libc_*
 * entry points. Other allocators define these names too, so libc.so.6 is preloaded behind this library. All functions
 * are as thread-safe as glibc's. The only state is the addresses of functions that had to be looked up.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* object, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
void* __libc_valloc(size_t size);
void* __libc_pvalloc(size_t size);
void __libc_free(void* object);

EXPORT void* malloc(size_t size) { return __libc_malloc(size); }
EXPORT void* calloc(size_t count, size_t size) { return __libc_calloc(count, size); }
EXPORT void* realloc(void* object, size_t size) { return __libc_realloc(object, size); }
EXPORT void free(void* object) { __libc_free(object); }
EXPORT void cfree(void* object) { __libc_free(object); }
EXPORT void* memalign(size_t alignment, size_t size) { return __libc_memalign(alignment, size); }
EXPORT void* valloc(size_t size) { return __libc_valloc(size); }
EXPORT void* pvalloc(size_t size) { return __libc_pvalloc(size); }
EXPORT void* aligned_alloc(size_t alignment, size_t size) { return __libc_memalign(alignment, size); }

EXPORT void* reallocarray(void* object, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  return __libc_realloc(object, bytes);
}

EXPORT int posix_memalign(void** result, size_t alignment, size_t size) {
  if (alignment % sizeof(void*) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
  const int kept = errno;
  void* object = __libc_memalign(alignment, size);
  errno = kept;
  if (object == NULL) return ENOMEM;
  *result = object;
  return 0;
}

/* glibc has no __libc_ name for the rest. RTLD_NEXT would find the other malloc's, for it comes before libc in the
 * search order; a handle of libc.so.6 itself finds only libc's. Threads may race here: they store the same address. */
static uintptr_t in_libc(const char* name) {
  void* libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
  void* address = libc != NULL ? dlsym(libc, name) : NULL;
  if (address == NULL) abort();
  return (uintptr_t)address;
}

#define FORWARD(result_type, name, parameters, arguments)                 \
  EXPORT result_type name parameters {                                    \
    static result_type(*_Atomic found) parameters;                        \
    if (found == NULL) found = (result_type(*) parameters)in_libc(#name); \
    return found arguments;                                               \
  }

FORWARD(size_t, malloc_usable_size, (void* object), (object))
FORWARD(int, malloc_trim, (size_t pad), (pad))
FORWARD(int, mallopt, (int parameter, int value), (parameter, value))
FORWARD(struct mallinfo2, mallinfo2, (void), ())
FORWARD(int, malloc_info, (int options, FILE* stream), (options, stream))

/* C++: an allocator library may bring its own operator new. The one here takes glibc's memory. When there is none, it
 * lets libstdc++ call the new-handler and throw, as the standard says. */
typedef void* (*New)(size_t);
typedef void* (*AlignedNew)(size_t, size_t);

static uintptr_t in_libstdcxx(const char* name) {
  void* library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_NOLOAD);
  void* address = library != NULL ? dlsym(library, name) : NULL;
  if (address == NULL) abort();
  return (uintptr_t)address;
}

static void* new_object(size_t size) {
  void* object = __libc_malloc(size);
  return object != NULL ? object : ((New)in_libstdcxx("_Znwm"))(size);
}

static void* new_aligned(size_t size, size_t alignment) {
  void* object = __libc_memalign(alignment, size);
  return object != NULL ? object : ((AlignedNew)in_libstdcxx("_ZnwmSt11align_val_t"))(size, alignment);
}

EXPORT void* _Znwm(size_t size) { return new_object(size); }
EXPORT void* _Znam(size_t size) { return new_object(size); }
EXPORT void* _ZnwmRKSt9nothrow_t(size_t size, const void* tag) { return (void)tag, __libc_malloc(size); }
EXPORT void* _ZnamRKSt9nothrow_t(size_t size, const void* tag) { return (void)tag, __libc_malloc(size); }
EXPORT void* _ZnwmSt11align_val_t(size_t size, size_t alignment) { return new_aligned(size, alignment); }
EXPORT void* _ZnamSt11align_val_t(size_t size, size_t alignment) { return new_aligned(size, alignment); }
EXPORT void* _ZnwmSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, const void* tag) {
  return (void)tag, __libc_memalign(alignment, size);
}
EXPORT void* _ZnamSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, const void* tag) {
  return (void)tag, __libc_memalign(alignment, size);
}

#define DELETE(name, ...) \
  EXPORT void name(void* object __VA_ARGS__) { __libc_free(object); }

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
