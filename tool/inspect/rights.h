// Why a process may not be looked into, as one line that says what to type.
#pragma once
#include <sys/types.h>

namespace neap {

// Throws Failure: the process is gone, ended, a kernel thread, somebody else's, not dumpable, or kept by yama.
// `error` is errno of the refused call; 0: it gave nothing.
[[noreturn]] void throw_no_rights(pid_t pid, int error);

}  // namespace neap
