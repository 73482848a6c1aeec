// What the library reads of the environment.
#pragma once

namespace neap {

// Reads the options, once, at the process's first call; and hardens the heap where they say so.
void read_options();

// Reads whether the program is exempt, once; nothing while libc has no environment yet. What start() does first, for
// calls that come before it. While the process has one thread.
void read_environment();

}  // namespace neap
