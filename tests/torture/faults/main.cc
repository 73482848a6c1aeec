// Refuses the system calls of the library one by one: each call of a run of the workload alone, every Nth, all from the
// Nth on, and each kind for ever. Every run is a process of its own, and may not hang.
//
//   torture_faults            all of them
//   torture_faults RUNS       so many, others with each seed
//   NEAP_REFUSE="mprotect every 3" torture_faults     one of them again
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "calls.h"
#include "figures.h"
#include "hang.h"
#include "refuse.h"
#include "workload.h"

namespace {

constexpr rlimit most_cpu_seconds = {800, 800};  // a run takes about one

void require_no_page_is_forgotten() {
  if (!torture::tells_figures()) return;
  const std::size_t resident = refuse::resident_bytes(), told = torture::figures().resident_bytes;
  std::fprintf(stderr, "KiB: in memory %zu\n", resident / 1024);
  stress::require(resident <= told, "pages in memory that the library forgot");
}

// The run of one plan, in a process of its own. Its last line tells how many calls of each kind there were.
int run_under_plan() {
  const std::uint64_t seed = stress::begin();
  if (!refuse::begin()) return stress::skipped;
  const neap_telemetry at_start = torture::figures();
  workload::run(seed);
  const bool permitted_again = refuse::end();
  if (permitted_again) workload::demand_everything();
  workload::free_all();
  stress::trim();
  if (permitted_again) {
    torture::require_all_came_back(at_start, stress::mebibyte);
    require_no_page_is_forgotten();
  }
  for (int kind = 0; kind < refuse::call_kinds; ++kind)
    std::printf("%llu ", static_cast<unsigned long long>(refuse::calls(static_cast<refuse::Call>(kind))));
  return 0;
}

struct Ending {
  hang::Ending how;
  std::string output;

  bool is_good() const { return !how.hung && how.status == 0; }
  bool is_skipped() const { return WIFEXITED(how.status) && WEXITSTATUS(how.status) == stress::skipped; }
};

Ending run(const std::string& plan) {
  const int output = memfd_create("output", MFD_CLOEXEC);
  const pid_t process = fork();
  if (process == 0) {
    hang::begin_session();
    setrlimit(RLIMIT_CPU, &most_cpu_seconds);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    setenv(refuse::plan_variable, plan.c_str(), 1);
    execl("/proc/self/exe", "torture_faults", nullptr);
    _exit(127);
  }
  stress::require(process > 0, "fork");
  Ending ending{hang::wait(process), {}};
  ending.output.resize(static_cast<std::size_t>(lseek(output, 0, SEEK_CUR)));
  stress::require(pread(output, ending.output.data(), ending.output.size(), 0) >= 0, "the output of a run");
  close(output);
  return ending;
}

// How many calls of each kind a run makes that can be refused. A library that makes none would pass for nothing.
std::vector<unsigned long> count_calls() {
  const Ending plain = run("none");
  if (plain.is_skipped()) std::exit(stress::skipped);
  if (!plain.is_good()) std::fputs(plain.output.c_str(), stderr);
  stress::require(plain.is_good(), "the run without refusals");
  std::istringstream last_line(plain.output.substr(plain.output.rfind('\n') + 1));
  std::vector<unsigned long> counts(refuse::call_kinds);
  unsigned long all = 0;
  for (int kind = 0; kind < refuse::call_kinds; ++kind) {
    unsigned long& count = counts[static_cast<std::size_t>(kind)];
    last_line >> count;
    all += count = refuse::may_refuse(static_cast<refuse::Call>(kind)) ? count : 0;
  }
  stress::require(all != 0 || !torture::tells_figures(), "a library that makes no call which could be refused");
  return counts;
}

// First what is refused for ever, then the others in any order.
std::vector<std::string> all_plans(std::uint64_t seed) {
  const std::vector<unsigned long> counts = count_calls();
  std::vector<std::string> plans;
  for (int kind = 0; kind < refuse::call_kinds; ++kind) {
    if (refuse::may_refuse(static_cast<refuse::Call>(kind)) && kind != refuse::advise_less)
      plans.push_back(refuse::call_names[kind] + std::string(" for_ever 1"));
  }
  const auto others = static_cast<std::ptrdiff_t>(plans.size());
  for (std::size_t kind = 0; kind < counts.size(); ++kind) {
    const std::string call = refuse::call_names[kind];
    if (counts[kind] != 0) std::printf("%s: %lu calls\n", call.c_str(), counts[kind]);
    for (unsigned long n = 1; n <= counts[kind]; ++n) {
      for (const char* way : {"once", "every", "from"}) plans.push_back(call + " " + way + " " + std::to_string(n));
    }
  }
  std::shuffle(plans.begin() + others, plans.end(), std::mt19937_64(seed));
  return plans;
}

bool passed(const std::string& plan) {
  const Ending ending = run(plan);
  if (ending.is_good()) return true;
  if (ending.is_skipped()) {
    std::printf("skipped: %s\n", plan.c_str());
    return true;
  }
  std::printf("FAILED (%s, status %#x): %s=\"%s\"\n%s\n", ending.how.hung ? "hung" : "ended",
              static_cast<unsigned>(ending.how.status), refuse::plan_variable, plan.c_str(), ending.output.c_str());
  std::fflush(stdout);
  return false;
}

// Every plan, or so many. True when all passed.
bool run_plans(std::size_t most, std::uint64_t seed) {
  std::vector<std::string> plans = all_plans(seed);
  const std::size_t all = plans.size();
  plans.resize(std::min(most, all));
  const auto failed = std::count_if(plans.begin(), plans.end(), [](const std::string& plan) { return !passed(plan); });
  std::printf("%zu runs of %zu, %td failed\n", plans.size(), all, failed);
  return failed == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (std::getenv(refuse::plan_variable) != nullptr) return run_under_plan();
  const std::uint64_t seed = stress::begin();
  setenv("NEAP_STRESS_SEED", std::to_string(seed).c_str(), 1);
  return run_plans(argc > 1 ? std::strtoul(argv[1], nullptr, 0) : SIZE_MAX, seed) ? 0 : 1;
}
