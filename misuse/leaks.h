// Leaks: objects that the program can reach no more when it ends: no pointer to them, or into them, lies in its data,
// on its threads' stacks, in their registers, or in an object that it can reach. What looks like a pointer is taken for
// one.
#pragma once

namespace neap::misuse {

// Reports each place that made such objects, most bytes first.
void find_leaks();

}  // namespace neap::misuse
