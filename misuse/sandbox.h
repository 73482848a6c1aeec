#pragma once

namespace neap::misuse {

// Whether the program may have set itself a filter of system calls, as by seccomp. Then a call that the program does
// not make itself may end it.
bool is_sandboxed();

}  // namespace neap::misuse
