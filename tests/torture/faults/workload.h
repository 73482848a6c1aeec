// What is done to the heap while its system calls are refused: threads that hand objects over, growth by realloc of
// several objects by turns, large objects that come again, children of forks that work. Contents are checked on every
// byte; memory that is refused is done without. Needs no memory of its own.
#ifndef NEAP_TESTS_TORTURE_WORKLOAD_H
#define NEAP_TESTS_TORTURE_WORKLOAD_H

#include <cstdint>

namespace workload {

// Leaves objects behind, in all sizes.
void run(std::uint64_t seed);

// With nothing refused any more: whatever is asked for is given.
void demand_everything();

// Checks and frees what is left.
void free_all();

}  // namespace workload

#endif
