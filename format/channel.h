// The channel between a traced process (tracer/, written) and its collector (tool/, drained): one sparse file mapped
// shared by both, sized before the program starts, so that recording needs no system call afterwards and survives any
// death of the program. A ring belongs to one thread of the program; records carry a sequence number that orders them
// over all rings: a death is numbered before the allocator sees it, a birth after the allocator has given the memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace neap::trace {

inline constexpr char kChannelVariable[] = "NEAP_TRACE_CHANNEL";  // path of the file
// Only a process of this name is recorded; empty: the first.
inline constexpr char kProgramVariable[] = "NEAP_TRACE_PROGRAM";
inline constexpr std::uint64_t kChannelMagic = 0x316c6e6863706e;  // "npchnl1"
inline constexpr std::size_t kRings = 512;                        // threads at once with a ring of their own
inline constexpr std::size_t kRingRecords = 32768;
static_assert((kRingRecords & (kRingRecords - 1)) == 0);

enum class Act : std::uint8_t {
  allocate = 1,
  zeroed = 2,
  release = 3,
  resize_begin = 4,  // address: the object that realloc is about to change
  resize_end = 5,    // address: what it gave, 0 if it failed; always follows its begin in the same ring
  aligned = 6,
  clock = 7,      // size: CLOCK_MONOTONIC in ms, address: the thread's number, for the records that follow in this ring
  new_image = 8,  // the process has called exec: every object of before is gone
};

struct Record {
  std::atomic<std::uint64_t> sequence;  // 0: free for the writer; else stored last (release), loaded first (acquire)
  std::uint64_t address;
  std::uint64_t size_and_act;  // size << 16 | alignment_log2 << 8 | act
};
static_assert(sizeof(Record) == 24 && std::atomic<std::uint64_t>::is_always_lock_free);

enum class RingState : std::uint32_t { unused, in_use, ended };  // ended -> unused is the collector's step

struct alignas(64) RingHead {
  std::atomic<std::uint32_t> state;  // RingState; taken by compare-exchange
  std::uint64_t next;                // writer's position; a later writer of the ring goes on there
};

struct ChannelHead {
  std::uint64_t magic;
  std::atomic<std::int32_t> owner_pid;  // the one recorded process
  std::atomic<std::uint32_t> next_thread;
  std::atomic<std::uint32_t> dropped;  // set once the writer has given up on a dead collector: the trace is incomplete
  alignas(64) std::atomic<std::uint64_t> sequence;      // last number given out
  alignas(64) std::atomic<std::uint64_t> collector_ms;  // CLOCK_MONOTONIC of the collector's last round
  alignas(64) std::atomic<std::uint32_t> common_lock;  // guards the last ring, shared by threads that found no other or
                                                       // are ending
  alignas(64) RingHead ring[kRings];
};

inline constexpr std::size_t kRingsOffset = (sizeof(ChannelHead) + 4095) & ~std::size_t{4095};
inline constexpr std::size_t kCommonRing = kRings - 1;
inline constexpr std::size_t kChannelBytes = kRingsOffset + kRings * kRingRecords * sizeof(Record);

inline ChannelHead& channel_head(void* base) { return *static_cast<ChannelHead*>(base); }
inline Record* ring_records(void* base, std::size_t ring) {
  return reinterpret_cast<Record*>(static_cast<char*>(base) + kRingsOffset) + ring * kRingRecords;
}

}  // namespace neap::trace
