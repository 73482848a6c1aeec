// Plan: turns the events of a trace into what the replaying threads execute, one window at a time. A window ends where
// a sample is due, so that all reading and book-keeping happens outside the measured time. The plan knows sizes and
// live bytes; the player only calls the allocator. One thread uses it at a time: the one that holds the baton.
#pragma once
#include <cstdint>

#include "format/shared_array.h"
#include "format/trace_reader.h"

namespace neap::replay {

// One call of the allocator.
struct Step {
  std::uint64_t size_bytes;
  std::uint32_t slot;
  std::uint16_t touch_from_page;  // pages below hold the old contents of a resized object
  trace::Op op;
  std::uint8_t alignment_log2;
};
static_assert(sizeof(Step) == 16);

// Consecutive steps of one thread within one millisecond.
struct Segment {
  std::uint32_t first_step;
  std::uint32_t steps;
  std::uint32_t thread;
  std::uint32_t time_ms;
  bool last_of_thread;
};

struct PlanOptions {
  std::uint32_t samples = 400;
  std::uint64_t drop_from_bytes = 0;  // objects of this size and more are left out; 0 keeps all
};

class Plan {
 public:
  static constexpr std::uint32_t kWindowSteps = 32768;
  static constexpr std::uint64_t kPage = 4096;

  // Returns nullptr, or what is wrong.
  const char* open(const char* path, const PlanOptions& options);

  // Prepares the next window, which may be empty. After the last one done() is true. Returns nullptr, or what is wrong.
  const char* next_window();
  bool done() const { return next_event_ == reader_.summary().events; }
  bool sample_due() const { return sample_due_; }

  const Step* steps() const { return steps_.data(); }
  const Segment* segments() const { return segments_.data(); }
  std::uint32_t segment_count() const { return segment_count_; }
  const trace::Summary& summary() const { return reader_.summary(); }
  std::uint64_t live_bytes() const { return live_bytes_; }
  std::uint64_t event() const { return next_event_; }
  std::uint32_t time_ms() const { return time_ms_; }
  std::uint64_t steps_planned() const { return steps_planned_; }

 private:
  const char* add(const trace::Event& event, std::uint64_t index);
  void push_step(const Step& step, const trace::Event& event, std::uint64_t index);
  std::uint64_t next_sample_event() const;

  PlanOptions options_;
  trace::TraceReader reader_;
  trace::SharedArray<trace::Event> events_;
  trace::SharedArray<Step> steps_;
  trace::SharedArray<Segment> segments_;
  trace::SharedArray<std::uint64_t> size_plus_one_;  // of each slot; 0 is a free slot
  std::uint32_t step_count_ = 0;
  std::uint32_t segment_count_ = 0;
  std::uint64_t next_event_ = 0;
  std::uint32_t samples_taken_ = 0;
  bool sample_due_ = false;
  std::uint64_t live_bytes_ = 0;
  std::uint64_t steps_planned_ = 0;
  std::uint32_t time_ms_ = 0;
};

}  // namespace neap::replay
