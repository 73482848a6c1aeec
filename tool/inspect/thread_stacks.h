// Which anonymous mappings are stacks of threads.
#pragma once
#include <sys/types.h>

#include <set>

#include "tool/inspect/address_space.h"

namespace neap {

// Starts of the mappings. Told by where waiting threads' stack pointers are (`pid` is 0 for a core), and by the block
// of a thread, which begins with its own address, at the upper end of memory behind a guard page.
std::set<std::uint64_t> find_thread_stacks(AddressSpace& space, pid_t pid);

}  // namespace neap
