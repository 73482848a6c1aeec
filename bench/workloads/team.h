// The threads of a workload. The calling thread is one of them, so that a workload of one thread starts none:
// allocators do without locks in a process of one thread.
#pragma once
#include <pthread.h>

#include <cstdio>
#include <cstdlib>

#include "own_memory.h"

namespace neap::bench {

// A pthread that runs a callable object it does not own.
class Thread {
 public:
  template <typename Body>
  void start(Body& body) {
    const auto enter = [](void* argument) -> void* {
      (*static_cast<Body*>(argument))();
      return nullptr;
    };
    if (::pthread_create(&thread_, nullptr, enter, &body) != 0) {
      std::perror("neap-bench: pthread_create");
      std::exit(1);
    }
  }
  void join() { ::pthread_join(thread_, nullptr); }

 private:
  pthread_t thread_{};
};

class Barrier {
 public:
  explicit Barrier(unsigned count) { ::pthread_barrier_init(&barrier_, nullptr, count); }
  ~Barrier() { ::pthread_barrier_destroy(&barrier_); }
  Barrier(const Barrier&) = delete;
  Barrier& operator=(const Barrier&) = delete;
  // Waits for all threads of the team. True in exactly one of them.
  // NOLINTNEXTLINE(bugprone-posix-return): this call's one negative value is no error
  bool wait() { return ::pthread_barrier_wait(&barrier_) == PTHREAD_BARRIER_SERIAL_THREAD; }

 private:
  pthread_barrier_t barrier_{};
};

class Lock {
 public:
  explicit Lock(pthread_mutex_t& mutex) : mutex_(mutex) { ::pthread_mutex_lock(&mutex_); }
  ~Lock() { ::pthread_mutex_unlock(&mutex_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  pthread_mutex_t& mutex_;
};

// Calls body(number) in `threads` threads, numbered from 0, and waits for all.
template <typename Body>
void run_team(unsigned threads, const Body& body) {
  struct Member {
    const Body* body;
    unsigned number;
    Thread thread;
    void operator()() const { (*body)(number); }
  };
  if (threads == 1) return body(0u);
  Table<Member> members(threads);
  for (unsigned i = 0; i < threads; ++i) {
    members[i] = {&body, i, {}};
    members[i].thread.start(members[i]);
  }
  for (Member& member : members) member.thread.join();
}

}  // namespace neap::bench
