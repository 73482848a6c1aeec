// Whether the process may have forbidden itself system calls since its start (os::prepare_for_sandbox).
#pragma once

namespace neap::os {

bool in_sandbox();

// Whether the process may be under a seccomp filter, its own or one from before its start. Services are
// (SystemCallFilter= of systemd), and such a filter ends them at a call that hardly any program makes.
bool may_be_filtered();

}  // namespace neap::os
