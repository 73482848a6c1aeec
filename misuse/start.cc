// The begin and the end of the checker in a program. It begins with the first call of malloc.
#include <stdlib.h>
#include <string.h>

#include <atomic>

#include "misuse/faults.h"
#include "misuse/found.h"
#include "misuse/leaks.h"
#include "misuse/report.h"
#include "tracer/channel_writer.h"

namespace neap::tracer {
namespace {

constinit std::atomic<bool> is_recording{false};

}  // namespace

void attach() {
  if (!misuse::open_log() || !misuse::open_depot()) return;
  misuse::watch_faults();
  is_recording.store(true, std::memory_order_release);
}

// A child of a fork is looked at like its parent: what it inherits lies where it lay.
void detach() {}
bool recording() { return is_recording.load(std::memory_order_relaxed); }

}  // namespace neap::tracer

namespace neap::misuse {
namespace {

// Behind the program's own handlers of its end, before those of its libraries.
[[gnu::destructor]] void end_of_program() {
  if (!tracer::recording()) return;
  look_at_all();
  const char* const leaves = getenv(kLeavesVariable);
  if (leaves == nullptr || strstr(leaves, kLeavesLeaks) == nullptr) find_leaks();
}

}  // namespace
}  // namespace neap::misuse
