// Lines of JSON about single samples, written without malloc while the replay runs.
#pragma once

#include "player.h"

namespace neap::replay {

void write_progress(int fd, const Sample& sample);

}  // namespace neap::replay
