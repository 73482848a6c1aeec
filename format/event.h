// One allocation event as every reader and writer of traces sees it, whatever file it came from.
// Objects are named by slots, which here are numbers: one is taken when an object is born, and free for reuse when it
// dies.
// No contents, no addresses. Used by format/, replay/ and the trace verbs.
#pragma once

#include <cstdint>

namespace neap::trace {

enum class Op : std::uint8_t {
  allocate = 1,  // malloc and operator new
  zeroed = 2,    // calloc
  release = 3,   // free and operator delete; size is 0
  resize = 4,    // realloc of a living slot to `size` bytes
  aligned = 6,   // memalign, posix_memalign, aligned_alloc, aligned new
};

constexpr bool known(Op op) {
  return op == Op::allocate || op == Op::zeroed || op == Op::release || op == Op::resize || op == Op::aligned;
}

struct Event {
  std::uint64_t size_bytes;
  std::uint32_t slot;
  std::uint32_t time_ms;  // since the first event; never runs backwards
  std::uint32_t thread;   // 0 is the thread of the first event
  Op op;
  std::uint8_t alignment_log2;  // only with Op::aligned, else 0
};

// What a reader knows about a trace before the first event is read.
struct Summary {
  std::uint64_t events = 0;
  std::uint32_t slots = 0;
  std::uint32_t threads = 0;
  std::uint32_t duration_ms = 0;
  bool cut_short = false;  // the collector was killed or its disk was full: what is here ends with the last whole chunk
  std::uint64_t lost_bytes = 0;  // behind it, of no use
};

}  // namespace neap::trace
