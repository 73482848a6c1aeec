// Asks systemd for a transient timer with its service (StartTransientUnit of org.freedesktop.systemd1).
#pragma once
#include <systemd/sd-bus.h>

#include "tool/systemd/manager.h"

namespace neap {

void start_transient_timer(sd_bus* bus, const TransientTimer& timer);

}  // namespace neap
