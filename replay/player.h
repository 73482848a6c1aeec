// Player: real threads that call the allocator in the recorded order. Exactly one thread runs at a time; it holds the
// baton and passes it on where the next event belongs to another thread, so a trace with few changes of thread costs
// nothing for its order. The thread of the first event is the process's own; the others start at their first event
// and end after their last. All fields but the batons belong to the holder of the baton.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>

#include "calls.h"
#include "meter.h"
#include "plan.h"

namespace neap::replay {

struct Sample {
  std::uint64_t event;
  std::uint64_t live_bytes;
  std::uint64_t resident_bytes;
  std::uint32_t trace_ms;
  std::uint32_t wall_ms;
};

struct PlayOptions {
  double pace = 0;  // 0: as fast as possible; 1: as recorded; 2: twice as fast
  Calls* calls = execute_steps;
  int progress_fd = -1;  // each sample is written here as it is taken
};

class Player {
 public:
  Player(Plan& plan, Meter& meter, const PlayOptions& options) : plan_(plan), meter_(meter), options_(options) {}

  // Returns nullptr, or what went wrong.
  const char* prepare(std::uint32_t samples);
  const char* play();
  bool trace_is_bad() const { return trace_is_bad_; }  // what went wrong is the trace's fault, not the allocator's

  const trace::SharedArray<Sample>& samples() const { return samples_; }
  std::uint32_t sample_count() const { return sample_count_; }
  double wall_s() const { return wall_s_; }

 private:
  enum class Turn : std::uint32_t { none, go };
  struct Replayed {
    std::atomic<std::uint32_t> baton;  // Turn; who passes it stores with release, its owner loads with acquire
    Player* player;
    pthread_t handle;
    std::uint32_t number;
    std::uint32_t stack;
    bool started;
  };

  static void* thread_main(void* self);
  void run(Replayed& self);
  void await_baton(Replayed& self);
  void pass_to(std::uint32_t thread);
  const char* start(Replayed& thread);
  bool refill();
  void take_sample();
  void wait_until(std::uint32_t trace_ms);
  void finish(const char* error);
  std::uint32_t wall_ms() const;

  Plan& plan_;
  Meter& meter_;
  PlayOptions options_;
  trace::SharedArray<unsigned char*> objects_;  // by slot
  trace::SharedArray<Replayed> threads_;
  trace::SharedArray<std::uint32_t> ended_;  // threads that can be joined, and their stacks used again
  std::uint32_t ended_count_ = 0;
  std::uint32_t ended_joined_ = 0;
  trace::SharedArray<unsigned char> stacks_;
  std::uint32_t stacks_used_ = 0;
  trace::SharedArray<Sample> samples_;
  std::uint32_t sample_count_ = 0;
  std::uint32_t cursor_ = 0;  // next segment of the window
  bool finished_ = false;     // the main thread then gets the baton for good; the others stay parked
  const char* error_ = nullptr;
  bool trace_is_bad_ = false;
  double wall_start_s_ = 0;
  double wall_s_ = 0;
};

}  // namespace neap::replay
