// Lives: threads that do all there is to do to a heap. Each ends after a while and leaves its player, with all its
// objects, to a next one; now and then one forks, and its child goes on alone.
#ifndef NEAP_TESTS_TORTURE_LIVES_H
#define NEAP_TESTS_TORTURE_LIVES_H

#include <cstdint>

namespace torture {

// `under_fire`: with signals, and moved between CPUs (fire.h).
void run_lives(std::uint64_t seed, unsigned lives, bool under_fire);

}  // namespace torture

#endif
