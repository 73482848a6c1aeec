// Whether the process may have forbidden itself system calls since its start (os::prepare_for_sandbox).
#pragma once

namespace neap::os {

bool in_sandbox();

}  // namespace neap::os
