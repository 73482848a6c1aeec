#include "channel_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace neap::tracer {
namespace {

using namespace trace;

constexpr std::uint64_t kCollectorDeadAfterMs = 10000;
constexpr std::uint64_t kRingMask = kRingRecords - 1;

struct ThreadState {
  Record* records;
  RingHead* ring;
  std::uint64_t clock_ms;
  std::uint32_t number;  // 0: none yet
  int exit_rounds;
};

constinit void* channel = nullptr;
constinit std::atomic<bool> is_recording{false};
pthread_key_t thread_end;
[[gnu::tls_model("initial-exec")]] constinit thread_local ThreadState self{};

ChannelHead& head() { return channel_head(channel); }

// Coarse: read from the vdso's page without touching the clock device; 1 to 4 ms steps.
std::uint64_t now_ms() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 + static_cast<std::uint64_t>(now.tv_nsec) / 1000000;
}

void take_common_ring() {
  self.ring = &head().ring[kCommonRing];
  self.records = ring_records(channel, kCommonRing);
}

// Destructors of other libraries may free after this one, so the thread keeps its ring until the last round of
// destructors. What it does after that goes through the common ring.
void end_thread(void*) {
  if (self.ring == nullptr || self.ring == &head().ring[kCommonRing]) return;
  if (++self.exit_rounds < PTHREAD_DESTRUCTOR_ITERATIONS) {
    pthread_setspecific(thread_end, &self);
    return;
  }
  RingHead* ring = self.ring;
  take_common_ring();
  ring->state.store(static_cast<std::uint32_t>(RingState::ended), std::memory_order_release);
}

void take_ring() {
  if (self.number == 0) self.number = head().next_thread.fetch_add(1, std::memory_order_relaxed) + 1;
  for (std::size_t i = 0; i < kCommonRing; i++) {
    RingHead& ring = head().ring[i];
    auto unused = static_cast<std::uint32_t>(RingState::unused);
    if (ring.state.load(std::memory_order_relaxed) != unused) continue;
    if (!ring.state.compare_exchange_strong(unused, static_cast<std::uint32_t>(RingState::in_use),
                                            std::memory_order_acquire))
      continue;
    self.records = ring_records(channel, i);
    self.ring = &ring;
    pthread_setspecific(thread_end, &self);
    return;
  }
  take_common_ring();
}

// Raw nanosleep: glibc's goes through clock_nanosleep, which tor's sandbox refuses.
void wait_for_collector() {
  if (now_ms() > head().collector_ms.load(std::memory_order_relaxed) + kCollectorDeadAfterMs) {
    head().dropped.store(1, std::memory_order_relaxed);
    is_recording.store(false, std::memory_order_relaxed);
    return;
  }
  const timespec pause{0, 100000};
  syscall(SYS_nanosleep, &pause, nullptr);
}

// Takes the position first, so that a signal handler that allocates in between gets another one.
void put(Act act, std::uint64_t address, std::uint64_t size_bytes, unsigned alignment_log2) {
  Record& record = self.records[self.ring->next++ & kRingMask];
  while (record.sequence.load(std::memory_order_acquire) != 0) {
    wait_for_collector();
    if (!is_recording.load(std::memory_order_relaxed)) return;
  }
  record.address = address;
  record.size_and_act = size_bytes << 16 | alignment_log2 << 8 | static_cast<std::uint64_t>(act);
  const std::uint64_t sequence = head().sequence.fetch_add(1, std::memory_order_acq_rel) + 1;
  record.sequence.store(sequence, std::memory_order_release);
}

void put_with_clock(Act act, const void* address, std::uint64_t size_bytes, unsigned alignment_log2) {
  const std::uint64_t now = now_ms();
  if (now != self.clock_ms) {
    self.clock_ms = now;
    put(Act::clock, self.number, now, 0);
  }
  put(act, reinterpret_cast<std::uint64_t>(address), size_bytes, alignment_log2);
}

void put_in_common(Act act, const void* address, std::uint64_t size_bytes, unsigned alignment_log2) {
  std::atomic<std::uint32_t>& lock = head().common_lock;
  while (lock.exchange(1, std::memory_order_acquire) != 0) sched_yield();
  self.clock_ms = 0;  // each record is preceded by its clock, which names the thread
  put_with_clock(act, address, size_bytes, alignment_log2);
  lock.store(0, std::memory_order_release);
}

bool is_the_wanted_program() {
  const char* wanted = getenv(kProgramVariable);
  return wanted == nullptr || *wanted == 0 || strcmp(wanted, program_invocation_short_name) == 0;
}

// Ends the rings of the image before exec, whose threads are gone.
void end_earlier_rings() {
  for (std::size_t i = 0; i < kRings; i++) {
    auto in_use = static_cast<std::uint32_t>(RingState::in_use);
    head().ring[i].state.compare_exchange_strong(in_use, static_cast<std::uint32_t>(RingState::ended));
  }
  head().common_lock.store(0);
}

}  // namespace

void attach() {
  const char* path = getenv(kChannelVariable);
  if (path == nullptr || !is_the_wanted_program()) return;
  const int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void* base = mmap(nullptr, kChannelBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
  close(file);
  if (base == MAP_FAILED) return;
  std::int32_t owner = 0;
  const bool first = channel_head(base).owner_pid.compare_exchange_strong(owner, getpid());
  if (channel_head(base).magic != kChannelMagic || (!first && owner != getpid())) {
    munmap(base, kChannelBytes);
    return;
  }
  channel = base;
  pthread_key_create(&thread_end, end_thread);
  if (!first) end_earlier_rings();
  is_recording.store(true, std::memory_order_release);
  if (!first) note(Act::new_image, nullptr, 0);
}

void detach() { is_recording.store(false, std::memory_order_relaxed); }

bool recording() { return is_recording.load(std::memory_order_relaxed); }

void note(Act act, const void* address, std::uint64_t size_bytes, unsigned alignment_log2) {
  if (self.ring == nullptr) [[unlikely]]
    take_ring();
  if (self.ring == &head().ring[kCommonRing]) [[unlikely]]
    return put_in_common(act, address, size_bytes, alignment_log2);
  put_with_clock(act, address, size_bytes, alignment_log2);
}

}  // namespace neap::tracer
