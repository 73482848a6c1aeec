#pragma once

namespace neap::misuse {

// Whether the program may have forbidden itself system calls, as a seccomp filter does: one that it does not make
// itself may end it then.
bool is_sandboxed();

}  // namespace neap::misuse
