// Mappings: how many mappings the system keeps for the blocks of a hardened heap, and how far apart guards lie so that
// they stay few. The system has one for each run of neighbouring pages of one protection, and lets a process have
// 65,530 of them (vm.max_map_count). This library promises 5,000, the program's own included (docs/reliability.md).
//
// Each chunk counts its own when its blocks are opened or closed (openings.cc). Not counted is what a heap has once,
// and what it has a few times for each chunk. Changes under the page heap's lock.
#pragma once

#include <cstddef>
#include <cstdint>

namespace neap {

// How many blocks lie between two guards of a chunk.
using Spacing = std::uint16_t;
inline constexpr Spacing kUnguarded = 0;  // any number: the chunk has no guards
inline constexpr Spacing kOwnGuards = 1;  // each slab and each large object has a guard of its own

class Mappings {
 public:
  // With so many mappings, nothing is done any more that makes more of them. (Decision 041.)
  static constexpr std::size_t kMost = 4000;
  // What an object with a guard, a group of slabs, or a run that is shut among others adds at most.
  static constexpr std::size_t kEach = 2;

  std::size_t count() const { return count_; }
  void add(std::size_t mappings) { count_ += mappings; }
  void subtract(std::size_t mappings) { count_ -= mappings; }

  bool has_room() const { return count_ + kEach <= kMost; }
  // Between which guards the next slab is to lie.
  Spacing spacing() const {
    for (const Step& step : kSteps) {
      if (count_ + kEach <= step.most) return step.spacing;
    }
    return kUnguarded;
  }

 private:
  struct Step {
    std::size_t most;
    Spacing spacing;
  };
  static constexpr Step kSteps[] = {{3000, kOwnGuards}, {3600, 16}, {kMost, 256}};

  std::size_t count_ = 0;
};

}  // namespace neap
