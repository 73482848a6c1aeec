// The plan of a run, for those who refuse: the functions that stand in front of the C library's (refuse.cc, advise.cc),
// and the trap (together.cc). Thread-safe and async-signal-safe.
#ifndef NEAP_TESTS_TORTURE_PLAN_H
#define NEAP_TESTS_TORTURE_PLAN_H

#include <cstddef>

#include "refuse.h"

namespace refuse {

struct Plan {
  int call = -1;  // nothing is refused
  int way = once;
  unsigned long n = 0;
};
const Plan& plan();
// Whether the kernel refuses the call, in this program.
bool lasts_for_ever();

// Has the kernel do this (SECCOMP_RET_...) at each call of a number. By prctl, so that the library sees it; or unseen.
bool set_filter(long number, std::uint32_t action, bool seen);

// Counts a call; 0 when it may go on, otherwise the error that it fails with.
int refused(Call call);

// The part of a range on which a refused call is carried out all the same: whole pages.
std::size_t half_of(std::size_t size);
std::size_t page_size();

}  // namespace refuse

#endif
