// Leaks: objects that the program cannot reach when it ends. An object can be reached when a pointer to it or into it
// lies in the program's data, on a thread's stack, in a thread's registers, or in another object that can be reached.
// Every word that looks like a pointer counts as one, so some leaks are missed.
#pragma once

namespace neap::misuse {

// Reports each place that made leaked objects, those with the most bytes first.
void find_leaks();

}  // namespace neap::misuse
