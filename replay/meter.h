// Meter: what the process under test costs, read without malloc: resident bytes, CPU time and minor faults.
// Time and faults spent in the harness itself are set apart: begin_harness() and end_harness() bracket them.
// Called only by the thread that holds the baton.
#pragma once

#include <cstdint>

namespace neap::replay {

class Meter {
 public:
  // Returns nullptr, or what is wrong. The baseline is what the process holds at this moment.
  const char* open();
  void set_baseline();

  void stop();  // cost() is what was spent up to here

  void begin_harness();
  void end_harness();

  // Anonymous and swapped bytes of the process, less the baseline (never below 0).
  std::uint64_t resident_bytes();

  struct Cost {
    double cpu_s;
    double harness_cpu_s;
    std::uint64_t minor_faults;
  };
  const Cost& cost() const { return cost_; }

 private:
  std::uint64_t held_bytes();

  int rollup_ = -1;
  Cost cost_{};
  std::uint64_t baseline_bytes_ = 0;
  double cpu_start_s_ = 0, harness_start_s_ = 0, harness_s_ = 0;
  std::uint64_t faults_start_ = 0, harness_faults_start_ = 0, harness_faults_ = 0;
};

}  // namespace neap::replay
