#include "plan.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace neap::replay {

using trace::Event;
using trace::Op;

const char* Plan::open(const char* path, const PlanOptions& options) {
  options_ = options;
  if (const char* error = reader_.open(path)) return error;
  events_ = trace::SharedArray<Event>::make(kWindowSteps);
  steps_ = trace::SharedArray<Step>::make(kWindowSteps);
  segments_ = trace::SharedArray<Segment>::make(kWindowSteps);
  size_plus_one_ = trace::SharedArray<std::uint64_t>::make(reader_.summary().slots);
  const bool ok = events_.ok() && steps_.ok() && segments_.ok() && size_plus_one_.ok();
  return ok ? nullptr : "no memory for the replayer's own tables";
}

std::uint64_t Plan::next_sample_event() const {
  const std::uint64_t events = reader_.summary().events;
  return std::max<std::uint64_t>(1, events * (samples_taken_ + 1) / options_.samples);
}

const char* Plan::next_window() {
  step_count_ = 0;
  segment_count_ = 0;
  const std::uint64_t until_sample = next_sample_event() - next_event_;
  std::size_t count = 0;
  if (const char* error = reader_.read(events_.data(), std::min<std::uint64_t>(kWindowSteps, until_sample), &count)) {
    return error;
  }
  if (count == 0 && until_sample > 0) return "the trace is truncated: it holds fewer events than it says";
  for (std::size_t i = 0; i < count; i++) {
    if (const char* error = add(events_[i], next_event_ + i)) return error;
  }
  next_event_ += count;
  sample_due_ = count == until_sample;
  if (sample_due_) samples_taken_++;
  return nullptr;
}

const char* Plan::add(const Event& event, std::uint64_t index) {
  time_ms_ = event.time_ms;
  std::uint64_t& size_plus_one = size_plus_one_[event.slot];
  Step step{event.size_bytes, event.slot, 0, event.op, event.alignment_log2};
  const bool lives_here = size_plus_one != 0;
  const std::uint64_t old_bytes = lives_here ? size_plus_one - 1 : 0;
  const bool dropped = options_.drop_from_bytes != 0 && event.size_bytes >= options_.drop_from_bytes;
  if (event.op == Op::release || (event.op == Op::resize && dropped)) {
    if (!lives_here && options_.drop_from_bytes == 0) return "the trace is corrupted: it frees an object twice";
    live_bytes_ -= old_bytes;
    size_plus_one = 0;
    step.op = Op::release;
    step.size_bytes = old_bytes;
    if (lives_here) push_step(step, event, index);
    return nullptr;
  }
  if (event.op == Op::resize && !lives_here) {
    step.op = Op::allocate;
  } else if (event.op == Op::resize) {
    step.touch_from_page = static_cast<std::uint16_t>(std::min<std::uint64_t>(old_bytes / kPage, UINT16_MAX));
  } else if (lives_here) {
    return "the trace is corrupted: it allocates an object twice";
  }
  if (dropped) return nullptr;
  live_bytes_ += event.size_bytes - old_bytes;
  size_plus_one = event.size_bytes + 1;
  push_step(step, event, index);
  return nullptr;
}

void Plan::push_step(const Step& step, const Event& event, std::uint64_t index) {
  const bool same = segment_count_ > 0 && segments_[segment_count_ - 1].thread == event.thread &&
                    segments_[segment_count_ - 1].time_ms == event.time_ms;
  if (!same) segments_[segment_count_++] = {step_count_, 0, event.thread, event.time_ms, false};
  Segment& segment = segments_[segment_count_ - 1];
  segment.steps++;
  segment.last_of_thread = reader_.last_event_of_thread()[event.thread] == index;
  steps_[step_count_++] = step;
  steps_planned_++;
}

}  // namespace neap::replay
