// What may be needed before start() ran, and so comes early on demand.
#pragma once

namespace neap {

// Reads NEAP_OPTIONS, once; nothing while libc has no environment yet. For start(), and for calls that come before it
// while the process has one thread.
void read_options();

}  // namespace neap
