// What every stress program starts with: a printed seed, and memory locked when the scene asks for it.
//
// NEAP_STRESS_SEED repeats a run, NEAP_STRESS_MLOCKALL=1 locks all memory, NEAP_STRESS_LIMITED=1 says that the address
// space is limited to 512 MiB and big objects have to stay smaller.
#ifndef NEAP_TESTS_STRESS_SCENE_H
#define NEAP_TESTS_STRESS_SCENE_H

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace stress {

inline constexpr int skipped = 77;
inline constexpr std::size_t mebibyte = std::size_t{1} << 20;

class Random {  // splitmix64
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }
  bool one_in(std::size_t n) { return below(n) == 0; }

  // Sizes as programs ask for them: most are small, every power of two up to 2^max_log is as likely as the next.
  std::size_t size(unsigned max_log) {
    const std::size_t top = std::size_t{1} << below(max_log + 1);
    return top / 2 + below(top) + (one_in(8) ? 0 : 1);
  }

 private:
  std::uint64_t state_;
};

inline bool asked(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && std::strcmp(value, "1") == 0;
}

inline bool limited() { return asked("NEAP_STRESS_LIMITED"); }
inline bool locked() { return asked("NEAP_STRESS_MLOCKALL"); }

// Returns the seed of this run.
inline std::uint64_t begin() {
  if (locked() && mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
    std::puts("mlockall is not permitted here");
    std::exit(skipped);
  }
  const char* given = std::getenv("NEAP_STRESS_SEED");
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 0)
                                              : static_cast<std::uint64_t>(now.tv_sec * 1000000007 + now.tv_nsec);
  std::printf("NEAP_STRESS_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

[[noreturn]] inline void fail(const char* what) {
  std::fprintf(stderr, "failed: %s\n", what);
  std::abort();
}

inline void require(bool condition, const char* what) {
  if (!condition) fail(what);
}

inline std::size_t resident_bytes() {
  std::size_t total = 0, resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  require(file != nullptr && std::fscanf(file, "%zu %zu", &total, &resident) == 2, "reading /proc/self/statm");
  std::fclose(file);
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace stress

#endif
