// The table of sampled live objects: written by the profiler in the program (tracer/sampler.cc), read by `neap
// profile` and `neap blame` from outside. One sparse file in memory, mapped by both; no system call is made for a
// sample.
//
// An object of `size` bytes is sampled with probability 1 - exp(-(size + extra) / mean). The extra bytes let small
// objects be sampled by their number: they weigh little, but the survivors among them keep whole pages. `weight` is one
// divided by the probability: how many objects a sample stands for. A thread that makes very many has a larger mean
// (tracer/pace.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace neap::samples {

inline constexpr char kFileVariable[] = "NEAP_PROFILE";    // path of the file; the first process that opens it owns it
inline constexpr char kMapName[] = "neap-profile";         // in the file's name
inline constexpr uint64_t kMagic = 0x32666f727070656eull;  // "npprof2": a version
inline constexpr size_t kSlots = size_t{1} << 17;          // a power of two
inline constexpr size_t kStacks = size_t{1} << 14;         // a power of two
inline constexpr size_t kModules = 512;
inline constexpr size_t kDepth = 48;  // frames of a stack
inline constexpr size_t kPath = 232;
inline constexpr uint64_t kMean = 512 << 10;  // bytes
inline constexpr uint64_t kExtra = 4096;      // bytes added to each size

struct Object {
  uint64_t size;
  double weight;
  uint32_t stack;
  uint32_t reserved;
};

struct Stack {
  std::atomic<uint64_t> hash;   // 0: free; taken by compare-exchange
  std::atomic<uint32_t> depth;  // 0 until the frames are written
  uint32_t reserved;
  uint64_t frames[kDepth];               // return addresses, innermost first
  std::atomic<uint64_t> objects, bytes;  // all that were ever made there, estimated
};

// A mapped file that frames point into.
struct Module {
  std::atomic<uint64_t> start;  // 0: unused; stored last
  uint64_t end, bias;
  char path[kPath];
};

struct Table {
  uint64_t magic;
  std::atomic<int32_t> owner_pid;
  uint32_t reserved;
  uint64_t mean, extra;
  std::atomic<uint64_t> taken, lost;  // samples; those that found no room
  std::atomic<uint32_t> modules;
  uint32_t unused[3];
  Module module[kModules];
  Stack stack[kStacks];
  std::atomic<uint64_t> address[kSlots];  // of objects; 0: free; 1: being written; else stored last
  Object object[kSlots];
};
static_assert(std::atomic<uint64_t>::is_always_lock_free);
static_assert(offsetof(Table, address) % 64 == 0, "eight addresses to a cache line");

}  // namespace neap::samples
