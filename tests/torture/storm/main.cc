// A heap in a storm: threads, forks, growth, bursts, hand-over, trims; every byte of every object is marked. Ends after
// so many lives of threads.
//
//   torture_storm [--fire] LIVES                  as NEAP_OPTIONS says
//   torture_storm --each-option [--fire] LIVES    once for the least, a middle and the most value of each option
//   torture_storm --any-options [--fire] LIVES    all options have a value that the seed chooses
// --fire: every thread gets a signal every 100 microseconds, which moves it to another CPU.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "calls.h"
#include "figures.h"
#include "lives.h"
#include "options.h"
#include "scene.h"

namespace {

struct Wish {
  unsigned lives = 0;
  bool fire = false, each_option = false, any_options = false;
};

Wish read(int argc, char** argv) {
  Wish wish;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--fire") {
      wish.fire = true;
    } else if (argument == "--each-option") {
      wish.each_option = true;
    } else if (argument == "--any-options") {
      wish.any_options = true;
    } else {
      wish.lives = static_cast<unsigned>(std::strtoul(argument.c_str(), nullptr, 10));
    }
  }
  return wish;
}

// The same program again, as a child, with these options for the library.
int run_with(const std::string& options, const Wish& wish, std::uint64_t seed) {
  std::printf("NEAP_OPTIONS=%s\n", options.c_str());
  std::fflush(stdout);
  const pid_t process = fork();
  if (process == 0) {
    setenv("NEAP_OPTIONS", options.c_str(), 1);
    setenv("NEAP_STRESS_SEED", std::to_string(seed).c_str(), 1);
    const std::string lives = std::to_string(wish.lives);
    execl("/proc/self/exe", "torture_storm", lives.c_str(), wish.fire ? "--fire" : nullptr, nullptr);
    _exit(127);
  }
  int status = 0;
  stress::require(process > 0 && waitpid(process, &status, 0) == process, "fork and wait");
  if (status != 0)
    std::printf("FAILED (status %#x) with NEAP_OPTIONS=%s\n", static_cast<unsigned>(status), options.c_str());
  return status == 0 ? 0 : 1;
}

int run_each_option(const Wish& wish, std::uint64_t seed) {
  int failed = 0;
  for (const std::string& options : torture::each_option()) failed += run_with(options, wish, seed);
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const Wish wish = read(argc, argv);
  const std::uint64_t seed = stress::begin();
  if (wish.each_option) return run_each_option(wish, seed);
  if (wish.any_options) return run_with(torture::any_options(seed), wish, seed);
  const neap_telemetry at_start = torture::figures();
  torture::run_lives(seed, wish.lives, wish.fire);
  stress::trim();
  torture::require_all_came_back(at_start, 8 * stress::mebibyte);
}
