// Our handlers of fork hold all locks of the heap while the system copies the process. Handlers of others may allocate,
// or wait for threads that do, so their prepare handlers must run before ours, and their other handlers after. The C
// library runs prepare handlers in the reverse order of their registration and the others in that order: ours have to
// be registered first. As the libraries that a program needs are initialised before a preloaded one, we stand in front
// of the C library's registration.
#include "api/fork.h"

#include <pthread.h>
#include <string.h>

#include <utility>

#include "api/export.h"
#include "api/fast.h"
#include "api/next.h"

// glibc takes its list of streams after our prepare handler ran; a thread in fflush(NULL) that holds it and allocates
// would then wait for us while we wait for it. So it is taken before our locks. Absent in other C libraries.
extern "C" {
[[gnu::weak]] void _IO_list_lock();
[[gnu::weak]] void _IO_list_unlock();
[[gnu::weak]] void _IO_list_resetlock();
[[gnu::weak]] const char* gnu_get_libc_version();
}

namespace neap {
namespace {

// Held while a handler is registered: glibc may allocate then, under a lock that it also takes between our handlers.
constinit Mutex registration;
constinit bool streams_locked = false;  // by the thread that forks

// Before 2.36 glibc holds that lock whenever handlers run: nobody who registers one can be past it.
bool may_register_meanwhile() {
  return gnu_get_libc_version != nullptr && strverscmp(gnu_get_libc_version(), "2.36") >= 0;
}

// A signal handler may fork where it interrupted its own thread under a lock, for which nobody can wait then. POSIX
// lets the child of such a fork call no more than a signal handler may.
bool is_interrupted() { return Guard::is_any_held(); }

void before_fork() {
  if (is_interrupted()) return;
  const bool lock_streams = _IO_list_lock != nullptr && !single_threaded();
  if (lock_streams) _IO_list_lock();
  if (may_register_meanwhile()) registration.lock();
  hardened.before_fork();
  heap.before_fork();
  streams_locked = lock_streams;
}

void after_fork_in_parent() {
  if (is_interrupted()) return;
  const bool unlock_streams = std::exchange(streams_locked, false);
  heap.after_fork_in_parent();
  hardened.after_fork_in_parent();
  if (may_register_meanwhile()) registration.unlock();
  if (unlock_streams) _IO_list_unlock();
}

void after_fork_in_child() {
  registration.reset();
  hardened.reset_locks();
  if (is_interrupted()) return heap.reset_locks();
  heap.after_fork_in_child(opened_cache());
  if (std::exchange(streams_locked, false)) _IO_list_resetlock();
}

}  // namespace

#if defined(__GLIBC__) && !defined(__SANITIZE_THREAD__)  // its runtime registers before it is ready for our code

using Handler = void (*)();
using Register = int (*)(Handler prepare, Handler parent, Handler child, void* library);

namespace {

constinit bool registered = false;

constinit Next<Register> next{"__register_atfork"};

// Registers ours once, before any other library's. They belong to no library, because the heap is needed after our own
// destructors have run. Called under the lock of registration.
void register_ours(Register libc) {
  if (!std::exchange(registered, true)) libc(before_fork, after_fork_in_parent, after_fork_in_child, nullptr);
}

}  // namespace

extern "C" {

// What pthread_atfork calls, with the library that its handlers end with. Weak: in a static program the C library's
// takes its place, and our constructor comes before others' anyway.
[[gnu::weak]] NEAP_EXPORT int __register_atfork(Handler prepare, Handler parent, Handler child, void* library) {
  const Register libc = next.get();
  if (libc == nullptr) return 0;
  const Guard guard(registration);
  register_ours(libc);
  return libc(prepare, parent, child, library);
}

}  // extern "C"

// Goes past the exported name, which may be that of another copy of this library.
void follow_forks() {
  if (const Register libc = next.get()) {
    const Guard guard(registration);
    register_ours(libc);
  } else {
    __register_atfork(before_fork, after_fork_in_parent, after_fork_in_child, nullptr);
  }
}

#else

void follow_forks() { pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child); }

#endif

}  // namespace neap
