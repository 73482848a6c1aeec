// Random numbers of a workload: the same seed gives the same run under every allocator. Not shared between threads.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>

namespace neap::bench {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 0x2545f4914f6cdd1du) {
    if (state_ == 0) state_ = 1;
    for (int i = 0; i < 8; ++i) next();
  }

  // Marsaglia's xorshift ("Xorshift RNGs", 2003).
  std::uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }

  // From 0 to limit - 1; Lemire's multiplication instead of a division. limit < 2^32.
  std::size_t below(std::size_t limit) { return ((next() >> 32) * limit) >> 32; }
  std::size_t between(std::size_t low, std::size_t high) { return low + below(high - low + 1); }
  bool one_in(std::size_t n) { return below(n) == 0; }

  // Each power of two between low and high as likely as the next: most programs' sizes are nearer to this than to even.
  std::size_t log_between(std::size_t low, std::size_t high) {
    std::size_t doublings = 0;
    while ((low << (doublings + 1)) <= high) ++doublings;
    const std::size_t base = low << below(doublings + 1);
    const std::size_t size = base + below(base);
    return size < high ? size : high;
  }

  template <typename T>
  void shuffle(T* first, std::size_t count) {
    for (std::size_t i = count; i > 1; --i) std::swap(first[i - 1], first[below(i)]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace neap::bench
