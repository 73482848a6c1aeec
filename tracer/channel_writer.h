// The traced process's end of the channel. note() is called around every call of the allocator, on any thread, also in
// signal handlers and before constructors; it never allocates and makes no system call while its ring has room.
// When the ring is full it waits for the collector: no event is dropped while the collector lives.
#pragma once
#include <cstdint>

#include "format/channel.h"

namespace neap::tracer {

// Maps the channel named by the environment, unless another process owns it. Once, before the program's main.
void attach();

// Called in a forked child: the channel belongs to its parent.
void detach();

bool recording();

void note(trace::Act act, const void* address, std::uint64_t size_bytes, unsigned alignment_log2 = 0);

}  // namespace neap::tracer
