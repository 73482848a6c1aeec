// Job: what a workload is asked to do, and where it tells its results. One per process.
#pragma once
#include <cstddef>
#include <cstdint>

#include "sheet.h"

namespace neap::bench {

// Figures that only the workload knows, printed as one JSON object at the end.
class Facts {
 public:
  void add(const char* name, double value);
  void print() const;

 private:
  struct Fact {
    const char* name;
    double value;
  };
  Fact facts_[32];
  std::size_t count_ = 0;
};

struct Job {
  Sheet& sheet;
  Facts facts{};
  unsigned threads = 1;
  double scale = 1;  // of the work, not of the live heap
  std::size_t size = 64;
  std::uint64_t seed = 1;

  // The share of `total` operations that one thread does; never 0.
  std::size_t share(double total) const {
    const double mine = total * scale / threads;
    return mine < 1 ? 1 : static_cast<std::size_t>(mine);
  }
};

// Anonymous memory of this process now, less the baseline; read without malloc.
std::uint64_t anonymous_bytes();
std::uint64_t resident_bytes(const Sheet& sheet);
double resident_per_live(const Sheet& sheet);

// Measurement begins: what is resident now is the baseline. Every workload calls it once its own tables stand.
void begin(Job& job);

}  // namespace neap::bench
