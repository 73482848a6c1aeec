// The checker's beginning and end in a program. It begins with the first call of malloc, or in a constructor when none
// comes before (tracer/next.cc).
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

// A child of a fork stays attached: the objects that it inherits are known, as they lie where they lay in the parent.
void detach() {}
bool recording() { return is_recording.load(std::memory_order_relaxed); }

}  // namespace neap::tracer

namespace neap::misuse {
namespace {

// Runs after the handlers that the program registered by atexit, and before the destructors of its libraries.
[[gnu::destructor]] void end_of_program() {
  if (!tracer::recording()) return;
  look_at_all();
  const char* const leaves = getenv(kLeavesVariable);
  if (leaves == nullptr || strstr(leaves, kLeavesLeaks) == nullptr) find_leaks();
}

}  // namespace
}  // namespace neap::misuse
