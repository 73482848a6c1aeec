// A restart under observation: does the service come up, does every process of it run the allocator, does it stay up?
#pragma once
#include <string>
#include <vector>

#include "tool/model/allocator.h"
#include "tool/model/units.h"
#include "tool/systemd/manager.h"

namespace neap {

// Queues the restart and waits for systemd to be done with it. Returns why it did not come up; empty: it did.
std::string restart_and_wait(Manager& manager, const std::string& unit);

// Looks at a running service for `time`, at least until its processes had a chance to allocate. Returns what went
// wrong: it ended, was restarted, or a process runs something else; empty: nothing did.
std::string watch(Manager& manager, const std::string& unit, const Allocator& allocator, Seconds time);

}  // namespace neap
