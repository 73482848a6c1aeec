// Pace: how many bytes lie between two samples of one thread. 512 KiB in the mean; more where samples would take more
// than a 200th of the thread's time, which a program that does little else than allocate small objects would see. What
// a sample stands for is reckoned with the mean in force, so that sums stay true and only their error grows.
#pragma once

#include <math.h>
#include <time.h>

#include "format/samples.h"

namespace neap::tracer {

class Pace {
 public:
  constexpr Pace() = default;

  // The probability that an object of so many bytes, the extra ones included, is sampled.
  double chance(std::uint64_t bytes) const { return 1 - exp(-static_cast<double>(bytes) / mean_); }
  // Exponential, from `uniform` in (0, 1].
  std::uint64_t gap(double uniform) const { return static_cast<std::uint64_t>(-log(uniform) * mean_) + 1; }

  static std::uint64_t now(clockid_t clock) {
    timespec time;
    clock_gettime(clock, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
  }

  // Counts one sample, which took so long.
  void took(std::uint64_t nanoseconds) {
    spent_ += nanoseconds < kLongest ? nanoseconds : kLongest;
    if (++samples_ % kBetweenLooks != 0 || (samples_ < kUnpaced && spent_ < kFree)) return;
    const std::uint64_t cpu = now(CLOCK_THREAD_CPUTIME_ID), elapsed = cpu - before_;
    if (spent_ * kShare > elapsed)
      mean_ = mean_ < kMaxMean ? mean_ * 2 : mean_;
    else if (spent_ * kShare * 4 < elapsed)
      mean_ = mean_ > samples::kMean ? mean_ / 2 : mean_;
    before_ = cpu;
    spent_ = 0;
  }

 private:
  static constexpr std::uint64_t kLongest = 20'000;   // nanoseconds; what took longer was interrupted
  static constexpr std::uint64_t kFree = 10'000'000;  // nanoseconds that a thread has for its first samples: short
  static constexpr std::uint32_t kUnpaced = 8192;     // programs are seen as sharply as long ones
  static constexpr std::uint32_t kBetweenLooks = 32;  // samples
  static constexpr std::uint64_t kShare = 200;        // one part in so many of the thread's time
  static constexpr double kMaxMean = 16 << 20;        // bytes

  double mean_ = samples::kMean;
  std::uint64_t spent_ = 0, before_ = 0;
  std::uint32_t samples_ = 0;
};

}  // namespace neap::tracer
