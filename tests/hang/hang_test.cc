#include "hang.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>

namespace {

constexpr hang::Patience little{60, 2};
constexpr int many = 300;  // looks, more than it takes to tell a hang

// Bytes from one process to another.
struct Pipe {
  Pipe() { EXPECT_EQ(pipe(ends), 0); }
  ~Pipe() { close(ends[0]), close(ends[1]); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  bool send() { return write(ends[1], "", 1) == 1; }
  bool await() {
    char byte;
    return read(ends[0], &byte, 1) == 1;
  }

  int ends[2];
};

// A process in a session of its own. Its body sends a byte once it is where it is to be looked at.
class Started {
 public:
  explicit Started(const std::function<void(Pipe& ready)>& body) : process(fork()) {
    if (process == 0) {
      hang::begin_session();
      body(ready_);
      _exit(0);
    }
    EXPECT_TRUE(ready_.await());
  }
  ~Started() {
    hang::Session(process).kill();
    waitpid(process, nullptr, 0);
  }
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;

 private:
  Pipe ready_;  // before the process

 public:
  const pid_t process;
};

[[noreturn]] void compute() {
  for (std::atomic<unsigned> i = 0;; ++i) continue;
}

void* compute_in_thread(void*) { compute(); }

void expect_never_still(pid_t process) {
  hang::Session session(process);
  for (int i = 0; i < many; ++i) EXPECT_FALSE(session.is_still()) << "look " << i;
}

// Each holds one of two locks and wants the other.
pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
pthread_barrier_t both_hold_one;
void* lock_other_first(void*) {
  pthread_mutex_lock(&other);
  pthread_barrier_wait(&both_hold_one);
  pthread_mutex_lock(&one);
  return nullptr;
}
void wait_for_each_other(Pipe& ready) {
  pthread_t thread;
  pthread_barrier_init(&both_hold_one, nullptr, 2);
  pthread_mutex_lock(&one);
  pthread_create(&thread, nullptr, lock_other_first, nullptr);
  pthread_barrier_wait(&both_hold_one);
  ready.send();
  pthread_mutex_lock(&other);
}

TEST(WatchTest, ThreadsThatWaitForEachOtherHang) {
  const Started started(wait_for_each_other);
  EXPECT_TRUE(hang::wait(started.process, little).hung);
}

TEST(WatchTest, AChildThatWaitsForALockOfItsParentHangs) {
  const Started started([](Pipe& ready) {
    pthread_mutex_lock(&one);
    const pid_t child = fork();
    if (child == 0) pthread_mutex_lock(&one);
    ready.send();
    waitpid(child, nullptr, 0);
  });
  EXPECT_TRUE(hang::wait(started.process, little).hung);
}

TEST(WatchTest, AHeldParentAndItsSleepingChildHang) {  // vfork's is held by the system
  const Started started([](Pipe& ready) {
    ready.send();
    if (vfork() == 0) {
      pause();
      _exit(0);
    }
  });
  EXPECT_TRUE(hang::wait(started.process, little).hung);
}

TEST(WatchTest, WhatIsStoppedDoesNotHang) {
  const Started started([](Pipe& ready) {
    ready.send();
    pause();
  });
  int status = 0;
  kill(started.process, SIGSTOP);
  ASSERT_EQ(waitpid(started.process, &status, WUNTRACED), started.process);
  ASSERT_TRUE(WIFSTOPPED(status));
  expect_never_still(started.process);
}

TEST(WatchTest, OneThreadThatComputesAmongSleepersDoesNotHang) {
  const Started started([](Pipe& ready) {
    pthread_t thread;
    pthread_create(&thread, nullptr, compute_in_thread, nullptr);
    ready.send();
    pause();
  });
  expect_never_still(started.process);
}

TEST(WatchTest, AParentWhoseChildComputesDoesNotHang) {
  const Started started([](Pipe& ready) {
    const pid_t child = fork();
    if (child == 0) compute();
    ready.send();
    waitpid(child, nullptr, 0);
  });
  expect_never_still(started.process);
}

TEST(WatchTest, ThoseThatSleepByTurnsDoNotHang) {
  const Started started([](Pipe& ready) {
    Pipe there, back;
    const bool first = fork() != 0;
    Pipe &from = first ? back : there, &to = first ? there : back;
    if (first && to.send()) ready.send();
    while (from.await() && to.send()) continue;
  });
  expect_never_still(started.process);
}

TEST(WatchTest, WhoeverRanSinceTheLastLookDoesNotHang) {
  Pipe question, answer;
  const Started started([&](Pipe& ready) {
    ready.send();
    while (question.await() && answer.send()) continue;
  });
  hang::Session session(started.process);
  for (int i = 0; i < many; ++i) {
    ASSERT_TRUE(question.send() && answer.await());
    EXPECT_FALSE(session.is_still()) << "question " << i;
  }
  while (!session.is_still()) continue;  // once nobody asks any more
}

// Threads and processes end while they are looked at: then there is nothing to read any more.
TEST(WatchTest, WhatEndsUnderTheLookIsPassedBy) {
  const Started started([](Pipe& ready) {
    ready.send();
    for (;;) {
      pthread_t thread;
      if (pthread_create(
              &thread, nullptr, [](void* it) { return it; }, nullptr) == 0)
        pthread_join(thread, nullptr);
      const pid_t child = fork();
      if (child == 0) _exit(0);
      waitpid(child, nullptr, 0);
    }
  });
  hang::Session session(started.process);
  for (int i = 0; i < 10 * many; ++i) session.is_still();
}

TEST(WatchTest, WhatEndsIsToldHow) {
  const Started exits([](Pipe& ready) {
    ready.send();
    _exit(7);
  });
  const Started dies([](Pipe& ready) {
    ready.send();
    raise(SIGUSR1);
  });
  const hang::Ending exited = hang::wait(exits.process), died = hang::wait(dies.process);
  EXPECT_FALSE(exited.hung || died.hung);
  EXPECT_EQ(WEXITSTATUS(exited.status), 7);
  EXPECT_EQ(WTERMSIG(died.status), SIGUSR1);
}

}  // namespace
