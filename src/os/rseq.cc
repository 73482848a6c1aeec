#include "os/rseq.h"

#include <sys/auxv.h>

#if defined(__x86_64__) && defined(__LP64__) && defined(__GLIBC__) && __has_include(<sys/rseq.h>)
#include <sys/rseq.h>

// Absent where the library runs on an older glibc than it was built with.
#pragma weak __rseq_offset
#pragma weak __rseq_size

namespace neap::rseq {

constinit std::ptrdiff_t area_offset = 0;

namespace {

constexpr unsigned long kFeatureSize = 27;   // AT_RSEQ_FEATURE_SIZE: bytes of the area that this kernel fills
constexpr unsigned long kWithDenseIds = 28;  // mm_cid is the last of them; no area is shorter than 32

}  // namespace

bool is_registered() {
#if defined(__SANITIZE_THREAD__) && !defined(NEAP_COUNTED)
  return false;  // it does not see what sections order (the counter that stands in for it asks for no order)
#else
  if (&__rseq_size == nullptr || __rseq_size == 0 || getauxval(kFeatureSize) < kWithDenseIds) return false;
  const char* area = static_cast<const char*>(__builtin_thread_pointer()) + __rseq_offset;
  if (static_cast<std::int32_t>(reinterpret_cast<const struct ::rseq*>(area)->cpu_id) < 0) return false;
  area_offset = __rseq_offset;  // the same in all threads
  return true;
#endif
}

}  // namespace neap::rseq

#else

namespace neap::rseq {

[[gnu::unused]] constinit std::ptrdiff_t area_offset = 0;
bool is_registered() { return false; }

}  // namespace neap::rseq

#endif
