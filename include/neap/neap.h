/* neap: what libneap offers beside the standard malloc family. C and C++.
 *
 * A program needs nothing from here to run on libneap: preloading or linking it is enough. These calls let a program
 * that knows libneap read its figures and give memory back. Every function is thread-safe and keeps errno. */
#ifndef NEAP_NEAP_H
#define NEAP_NEAP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NEAP_TELEMETRY_MAGIC 0x314d4c5450414e45ull /* "ENAPTLM1" read as a little-endian word */
#define NEAP_TELEMETRY_VERSION 1u

/* The allocator's figures. They live in the exported object `neap_telemetry`, are updated without locks by the process
 * itself and may be read from outside at any time (process_vm_readv): each field is one aligned word and never torn,
 * but fields are not mutually consistent. All counts start at process start and survive fork in the child's copy.
 * New fields are only added at the end; `size` tells a reader how much there is. */
struct neap_telemetry {
  uint64_t magic;       /* NEAP_TELEMETRY_MAGIC; 0 until the library served its first call */
  uint32_t version;     /* NEAP_TELEMETRY_VERSION */
  uint32_t size;        /* sizeof(struct neap_telemetry) as compiled into the library, bytes */
  uint32_t control;     /* written from outside: 1 asks for a trim at the next heap event, then reads 0 again */
  uint32_t threads;     /* thread caches in use */
  uint64_t served;      /* objects handed out by slabs (to caches or callers) plus large allocations: > 0 proves use */
  uint64_t small_bytes; /* bytes of objects up to 32 KiB out of their slabs, rounded to size class, cached included */
  uint64_t large_bytes; /* bytes of live objects above 32 KiB, rounded up to whole pages */
  uint64_t large_objects; /* live objects above 32 KiB */
  uint64_t
      resident_bytes;   /* heap pages that hold or held data and were not returned: the library's own estimate of RSS */
  uint64_t dirty_bytes; /* part of resident_bytes: wholly free pages waiting for their return to the system */
  uint64_t committed_bytes; /* address space that is readable and writable, heap */
  uint64_t reserved_bytes;  /* address space reserved, heap */
  uint64_t metadata_bytes;  /* memory the library uses for itself */
  uint64_t returned_bytes;  /* total ever returned to the system */
  uint64_t return_calls;    /* madvise calls made to return it */
  uint64_t events;          /* heap events so far: the clock of the release policy */
  uint64_t exempt;          /* 1: /etc/neap/except names the program, and libc's malloc serves it */
  const void* layout;       /* a table that tells readers outside where the objects lie; its form is neap's own */
  uint64_t quarantined;     /* part of small_bytes: freed objects that wait in a hardened process */
};

/* The library's version as "major.minor.patch". */
const char* neap_version(void);

/* Returns every free page to the system now, caches of the calling thread included. Returns the bytes given back. */
size_t neap_trim(void);

/* Looks at every object of a hardened heap, live, freed or waiting in quarantine, as a free does; ends the program
 * where one was changed that may not be. Large ones are looked at while the process has one thread. */
void neap_check(void);

/* What libneap found wrong, for a program, or a library loaded before libneap, that has a function neap_on_misuse: it
 * is called by the thread that found it, before the line is printed that ends the program. It may allocate, and need
 * not return. */
enum neap_misuse_kind {
  NEAP_MISUSE_DOUBLE_FREE,
  NEAP_MISUSE_INVALID_POINTER,
  NEAP_MISUSE_INTERIOR_POINTER,
  NEAP_MISUSE_WRONG_SIZE,
  NEAP_MISUSE_OVERFLOW,
  NEAP_MISUSE_WRITE_AFTER_FREE
};
struct neap_misuse {
  enum neap_misuse_kind kind;
  const char* function; /* that found it */
  const void* pointer;  /* what that was given; of a write after free the object that was written to */
  const void* changed;  /* the first byte that was written to and may not be, or null where that is not known */
  size_t changed_bytes; /* from there to the last such byte; 0 where it is not known */
};
void neap_on_misuse(const struct neap_misuse* found);

/* Copies the telemetry, at most `size` bytes of it, into `out`. Returns the number of bytes copied. */
size_t neap_stats(struct neap_telemetry* out, size_t size);

#ifdef __cplusplus
}
#endif
#endif
