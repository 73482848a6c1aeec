#include "tool/trace/collector.h"

#include <time.h>

#include <algorithm>
#include <stdexcept>

namespace neap {
namespace {

using trace::Act;
using trace::Op;
using trace::RingState;

constexpr std::uint64_t ring_mask = trace::kRingRecords - 1;
constexpr std::uint64_t hole_patience_ms = 1000;  // a thread may be stopped between its number and its record

std::uint64_t monotonic_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 + static_cast<std::uint64_t>(now.tv_nsec) / 1000000;
}

RingState state_of(const trace::RingHead& ring) {
  return static_cast<RingState>(ring.state.load(std::memory_order_acquire));
}

}  // namespace

Collector::Collector(Channel& channel, trace::TraceWriter& writer) : channel_(channel), writer_(writer) {
  for (std::size_t i = 0; i < trace::kRings; ++i) {
    rings_.emplace_back();
    rings_.back().index = i;
    rings_.back().records = channel.records(i);
  }
  channel.head().collector_ms.store(monotonic_ms());
}

std::uint64_t Collector::sequence_of(const Ring& ring) const {
  return ring.records[ring.next & ring_mask].sequence.load(std::memory_order_acquire);
}

// An unused ring is drained. The common ring has no state: it is active once anything is in it.
void Collector::find_active_rings() {
  active_.clear();
  favourite_ = 0;
  for (Ring& ring : rings_) {
    const trace::RingHead& head = channel_.head().ring[ring.index];
    const bool is_common = ring.index == trace::kCommonRing;
    if (is_common ? sequence_of(ring) == 0 : state_of(head) == RingState::unused) continue;
    active_.push_back(&ring);
  }
}

// A thread may die with its image or its process before it has written the record of a position that it took.
void Collector::skip_unfinished(Ring& ring, bool program_is_dead) {
  const trace::RingHead& head = channel_.head().ring[ring.index];
  if (!program_is_dead && state_of(head) != RingState::ended) return;
  while (sequence_of(ring) == 0 && ring.next < head.next) ++ring.next, ++counts_.unfinished;
}

void Collector::retire(Ring& ring) {
  trace::RingHead& head = channel_.head().ring[ring.index];
  if (state_of(head) != RingState::ended || ring.next != head.next) return;
  ring.resizing = false;
  head.state.store(static_cast<std::uint32_t>(RingState::unused), std::memory_order_release);
}

Collector::Ring* Collector::ring_with(std::uint64_t sequence) {
  for (std::size_t tried = 0; tried < active_.size(); ++tried) {
    const std::size_t at =
        favourite_ + tried < active_.size() ? favourite_ + tried : favourite_ + tried - active_.size();
    if (sequence_of(*active_[at]) != sequence) continue;
    favourite_ = at;
    return active_[at];
  }
  return nullptr;
}

// The next number lies in no ring: nothing was recorded, or a thread has the number and is about to write the record.
bool Collector::skip_hole(bool program_is_dead) {
  std::uint64_t lowest = 0;
  for (const Ring* ring : active_) {
    const std::uint64_t sequence = sequence_of(*ring);
    if (sequence != 0 && (lowest == 0 || sequence < lowest)) lowest = sequence;
  }
  if (lowest == 0 || lowest == expected_) return lowest != 0;
  const std::uint64_t now = monotonic_ms();
  if (hole_since_ms_ == 0) hole_since_ms_ = now;
  if (!program_is_dead && lowest > expected_ && now - hole_since_ms_ < hole_patience_ms) return false;
  expected_ = lowest;
  hole_since_ms_ = 0;
  return true;
}

std::uint64_t Collector::drain(bool program_is_dead) {
  constexpr std::uint64_t records_a_round = 1 << 18;
  channel_.head().collector_ms.store(monotonic_ms(), std::memory_order_relaxed);
  find_active_rings();
  std::uint64_t taken = 0;
  while (taken < records_a_round) {
    Ring* ring = ring_with(expected_);
    if (ring == nullptr) {
      find_active_rings();
      for (Ring* each : active_) skip_unfinished(*each, program_is_dead);
      if (!skip_hole(program_is_dead)) break;
      continue;
    }
    hole_since_ms_ = 0;
    for (; sequence_of(*ring) == expected_; ++expected_, ++taken) take(*ring);
  }
  for (Ring* ring : active_) retire(*ring);
  return taken;
}

void Collector::take(Ring& ring) {
  trace::Record& record = ring.records[ring.next++ & ring_mask];
  const std::uint64_t address = record.address;
  const std::uint64_t packed = record.size_and_act;
  record.sequence.store(0, std::memory_order_release);
  apply(ring, static_cast<Act>(packed & 255), address, packed >> 16, static_cast<std::uint8_t>(packed >> 8));
}

void Collector::apply(Ring& ring, Act act, std::uint64_t address, std::uint64_t size, std::uint8_t alignment_log2) {
  switch (act) {
    case Act::clock:
      if (first_ms_ == 0) first_ms_ = size;
      ring.time_ms = size;
      ring.thread = static_cast<std::uint32_t>(address);
      return;
    case Act::allocate:
      return birth(ring, Op::allocate, address, size, 0);
    case Act::zeroed:
      return birth(ring, Op::zeroed, address, size, 0);
    case Act::aligned:
      return birth(ring, Op::aligned, address, size, alignment_log2);
    case Act::release:
      if (const auto slot = slots_.take(address)) return emit(ring, Op::release, *slot);
      ++counts_.unknown_releases;
      return;
    case Act::resize_begin:
      ring.resizing = true;
      ring.resized_address = address;
      ring.resized_slot = slots_.take(address);
      return;
    case Act::resize_end:
      return end_resize(ring, address, size);
    case Act::new_image:
      slots_.clear([&](std::uint32_t slot) { emit(ring, Op::release, slot); });
      return;
  }
}

void Collector::birth(const Ring& ring, Op op, std::uint64_t address, std::uint64_t size, std::uint8_t alignment_log2) {
  const std::uint32_t slot = new_slot();
  place(ring, address, slot);
  emit(ring, op, slot, size, alignment_log2);
}

void Collector::place(const Ring& ring, std::uint64_t address, std::uint32_t slot) {
  if (const auto earlier = slots_.take(address)) {
    ++counts_.missed_releases;
    emit(ring, Op::release, *earlier);
  }
  slots_.put(address, slot);
}

// realloc gave nothing: with size 0 the object is gone, otherwise it is as it was.
void Collector::end_resize(Ring& ring, std::uint64_t address, std::uint64_t size) {
  const auto slot = ring.resizing ? ring.resized_slot : std::nullopt;
  ring.resizing = false;
  if (!slot) {
    ++counts_.unknown_releases;
    if (address != 0) birth(ring, Op::allocate, address, size, 0);
  } else if (address != 0) {
    place(ring, address, *slot);
    emit(ring, Op::resize, *slot, size);
  } else if (size == 0) {
    emit(ring, Op::release, *slot);
  } else {
    place(ring, ring.resized_address, *slot);
  }
}

std::uint32_t Collector::new_slot() {
  if (free_slots_.empty()) return slots_used_++;
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

void Collector::emit(const Ring& ring, Op op, std::uint32_t slot, std::uint64_t size, std::uint8_t alignment_log2) {
  const std::uint64_t time_ms = ring.time_ms > first_ms_ ? ring.time_ms - first_ms_ : 0;
  if (failure_.empty()) try {
      writer_.add({size, slot, static_cast<std::uint32_t>(time_ms), ring.thread, op, alignment_log2});
    } catch (const std::runtime_error& error) {
      failure_ = error.what();
    }
  if (op == Op::release) free_slots_.push_back(slot);
}

}  // namespace neap
