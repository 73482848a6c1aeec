// Our handlers of fork hold all locks of the heap while the system copies the process. Others' handlers may allocate,
// and may wait for threads that do. So ours are the first that the C library learns of: it runs the last prepare
// handler it learnt of first, the others in the order in which it learnt of them. Libraries that a program needs are
// initialised before a preloaded one; hence we stand in front of the C library's registration.
#include "api/fork.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include <atomic>
#include <utility>

#include "api/export.h"
#include "api/fast.h"

// glibc takes its list of streams after our prepare handler ran; a thread in fflush(NULL) that holds it and allocates
// would then wait for us while we wait for it. So it is taken before our locks. Absent in other C libraries.
extern "C" {
[[gnu::weak]] void _IO_list_lock();
[[gnu::weak]] void _IO_list_unlock();
[[gnu::weak]] void _IO_list_resetlock();
[[gnu::weak]] const char* gnu_get_libc_version();
[[gnu::weak]] void* dlsym(void*, const char*) noexcept;
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
  heap.before_fork();
  streams_locked = lock_streams;
}

void after_fork_in_parent() {
  if (is_interrupted()) return;
  const bool unlock_streams = std::exchange(streams_locked, false);
  heap.after_fork_in_parent();
  if (may_register_meanwhile()) registration.unlock();
  if (unlock_streams) _IO_list_unlock();
}

void after_fork_in_child() {
  registration.reset();
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

// The registration that ours stands in front of. (Looked up outside our lock: dlsym takes the loader's, which
// constructors that come here hold.)
Register behind_ours() {
  static constinit std::atomic<Register> found = nullptr;
  Register known = found.load(std::memory_order_relaxed);
  if (known == nullptr && dlsym != nullptr) {
    known = reinterpret_cast<Register>(dlsym(RTLD_NEXT, "__register_atfork"));
    found.store(known, std::memory_order_relaxed);
  }
  return known;
}

}  // namespace

extern "C" {

// What pthread_atfork calls, with the library that its handlers end with. Weak: in a static program the C library's
// takes its place, and our constructor comes before others' anyway.
[[gnu::weak]] NEAP_EXPORT int __register_atfork(Handler prepare, Handler parent, Handler child, void* library) {
  const Register next = behind_ours();
  if (next == nullptr) return 0;
  const Guard guard(registration);
  if (!std::exchange(registered, true) && prepare != before_fork) {
    next(before_fork, after_fork_in_parent, after_fork_in_child, nullptr);
  }
  return next(prepare, parent, child, library);
}

}  // extern "C"

// Of no library: the heap is needed after our own destructors.
void follow_forks() {
  if (!registered) __register_atfork(before_fork, after_fork_in_parent, after_fork_in_child, nullptr);
}

#else

void follow_forks() { pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child); }

#endif

}  // namespace neap
