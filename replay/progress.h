// Lines of JSON for the program that started the replay, written without malloc: single samples, and why it failed.
#pragma once

#include "player.h"

namespace neap::replay {

void write_progress(int fd, const Sample& sample);
void write_failure(int fd, const char* error);

}  // namespace neap::replay
