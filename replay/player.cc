#include "player.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "progress.h"

namespace neap::replay {
namespace {

constexpr std::size_t kStackBytes = std::size_t{256} << 10;
constexpr std::uint32_t kThreadsAtOnce = 16384;  // address space for that many stacks is kept

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t while_value) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, while_value, nullptr, nullptr, 0);
}

void futex_wake(std::atomic<std::uint32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

double monotonic_s() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

const char* Player::prepare(std::uint32_t samples) {
  const trace::Summary& summary = plan_.summary();
  objects_ = trace::SharedArray<unsigned char*>::make(summary.slots);
  threads_ = trace::SharedArray<Replayed>::make(summary.threads);
  ended_ = trace::SharedArray<std::uint32_t>::make(summary.threads);
  stacks_ = trace::SharedArray<unsigned char>::make(kStackBytes * kThreadsAtOnce, true);
  samples_ = trace::SharedArray<Sample>::make(samples);
  const bool ok = objects_.ok() && threads_.ok() && ended_.ok() && stacks_.ok() && samples_.ok();
  return ok ? nullptr : "no memory for the replayer's own tables";
}

const char* Player::play() {
  Replayed& first = threads_[0];
  first.started = true;
  first.player = this;
  trace_is_bad_ = true;
  if (const char* error = plan_.next_window()) return error;
  trace_is_bad_ = false;
  meter_.set_baseline();
  wall_start_s_ = monotonic_s();
  run(first);
  if (!finished_) await_baton(first);
  return error_;
}

void* Player::thread_main(void* self) {
  auto* thread = static_cast<Replayed*>(self);
  thread->player->await_baton(*thread);
  thread->player->run(*thread);
  return nullptr;
}

void Player::await_baton(Replayed& self) {
  while (self.baton.load(std::memory_order_acquire) == 0) futex_wait(self.baton, 0);
  self.baton.store(0, std::memory_order_relaxed);
}

// A thread enters with the baton. It returns without it, once it has no more to do.
void Player::run(Replayed& self) {
  for (;;) {
    if (cursor_ == plan_.segment_count()) {
      if (!refill()) return;
      continue;
    }
    const Segment& segment = plan_.segments()[cursor_];
    if (segment.thread != self.number) {
      pass_to(segment.thread);
      await_baton(self);
      if (finished_) return;
      continue;
    }
    if (options_.pace > 0) wait_until(segment.time_ms);
    const Step* step = plan_.steps() + segment.first_step;
    if (const char* error = options_.calls(step, step + segment.steps, objects_.data())) return finish(error);
    cursor_++;
    if (segment.last_of_thread && self.number != 0) {
      if (cursor_ == plan_.segment_count() && !refill()) return;
      ended_[ended_count_++] = self.number;
      pass_to(plan_.segments()[cursor_].thread);
      return;
    }
  }
}

// After pass_to() the caller owns nothing but its own Replayed.
void Player::pass_to(std::uint32_t number) {
  Replayed& next = threads_[number];
  if (!next.started) {
    next.player = this;
    next.number = number;
    if (const char* error = start(next)) return finish(error);
  }
  next.baton.store(1, std::memory_order_release);
  futex_wake(next.baton);
}

const char* Player::start(Replayed& thread) {
  const bool another_ended = ended_joined_ + 1 < ended_count_;  // the last one may be the caller
  if (another_ended) {
    Replayed& ended = threads_[ended_[ended_joined_++]];
    pthread_join(ended.handle, nullptr);
    thread.stack = ended.stack;
  } else if (stacks_used_ < kThreadsAtOnce) {
    thread.stack = stacks_used_++;
  } else {
    return "the trace has more threads at once than can be replayed";
  }
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stacks_.data() + std::size_t{thread.stack} * kStackBytes, kStackBytes);
  const int failed = pthread_create(&thread.handle, &attributes, thread_main, &thread);
  pthread_attr_destroy(&attributes);
  thread.started = failed == 0;
  return failed == 0 ? nullptr : "a thread cannot be started";
}

// Takes the sample that is due and prepares the next window that has steps; false when the trace is over.
bool Player::refill() {
  meter_.begin_harness();
  const char* error = nullptr;
  bool more = true;
  do {
    if (plan_.sample_due()) take_sample();
    more = !plan_.done();
    if (more) error = plan_.next_window();
  } while (more && error == nullptr && plan_.segment_count() == 0);
  cursor_ = 0;
  meter_.end_harness();
  if (more && error == nullptr) return true;
  trace_is_bad_ = error != nullptr;
  finish(error);
  return false;
}

void Player::take_sample() {
  Sample& sample = samples_[sample_count_++];
  sample = {plan_.event(), plan_.live_bytes(), meter_.resident_bytes(), plan_.time_ms(), wall_ms()};
  if (options_.progress_fd >= 0) write_progress(options_.progress_fd, sample);
}

void Player::wait_until(std::uint32_t trace_ms) {
  const double due_s = wall_start_s_ + trace_ms / 1000.0 / options_.pace;
  if (due_s <= monotonic_s()) return;
  const auto seconds = static_cast<time_t>(due_s);
  const timespec due{seconds, static_cast<long>((due_s - static_cast<double>(seconds)) * 1e9)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr) == EINTR) {
  }
}

void Player::finish(const char* error) {
  error_ = error;
  finished_ = true;
  wall_s_ = monotonic_s() - wall_start_s_;
  meter_.stop();
  threads_[0].baton.store(1, std::memory_order_release);
  futex_wake(threads_[0].baton);
}

std::uint32_t Player::wall_ms() const { return static_cast<std::uint32_t>((monotonic_s() - wall_start_s_) * 1000); }

}  // namespace neap::replay
