// Pace: how many bytes lie between two samples of a thread. The mean is 512 KiB. It grows where samples would take more
// than a 200th of the thread's time, as in a program that does little else than allocate small objects. The weight of a
// sample is computed with the mean in force, so sums stay true and only their error grows.
#pragma once

#include <math.h>
#include <time.h>

#include "format/samples.h"

namespace neap::tracer {

class Pace {
 public:
  constexpr Pace() = default;

  // The probability that an object is sampled. `bytes` is its size and samples::kExtra.
  double chance(std::uint64_t bytes) const { return 1 - exp(-static_cast<double>(bytes) / mean_); }
  // Bytes to the next sample, exponentially distributed. `uniform` is a random number in (0, 1].
  std::uint64_t gap(double uniform) const { return static_cast<std::uint64_t>(-log(uniform) * mean_) + 1; }

  static std::uint64_t now(clockid_t clock) {
    timespec time;
    clock_gettime(clock, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
  }

  // Counts a sample, and adapts the mean to what samples took.
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
  static constexpr std::uint64_t kLongest = 20'000;  // nanoseconds; a sample that took longer was interrupted
  // The first samples of a thread, so many or nanoseconds of them, are not paced: a short program is seen as sharply as
  // a long one.
  static constexpr std::uint64_t kFree = 10'000'000;
  static constexpr std::uint32_t kUnpaced = 8192;
  static constexpr std::uint32_t kBetweenLooks = 32;  // samples
  static constexpr std::uint64_t kShare = 200;        // samples may take a 200th of the thread's time
  static constexpr double kMaxMean = 16 << 20;        // bytes

  double mean_ = samples::kMean;
  std::uint64_t spent_ = 0, before_ = 0;
  std::uint32_t samples_ = 0;
};

}  // namespace neap::tracer
