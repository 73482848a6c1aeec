// What start() does first, for calls that come before it.
#pragma once

namespace neap {

// Reads the options and whether the program is exempt, once; nothing while libc has no environment yet. While the
// process has one thread.
void read_environment();

}  // namespace neap
