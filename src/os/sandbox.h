// Whether the process may have forbidden itself system calls since its start (os::prepare_for_sandbox).
#pragma once

namespace neap::os {

bool in_sandbox();

// Whether it may be filtered, by itself or since before its start: services are (SystemCallFilter= of systemd), and
// their filters end them at a call that hardly any program makes.
bool may_be_filtered();

}  // namespace neap::os
