// One program of a trial: started with nothing around it, read until it ends or its time is over.
#pragma once
#include <string>
#include <vector>

namespace neap {

enum class As { root, nobody };

struct TrialEnd {
  int status = 0;  // of waitpid
  bool in_time = true;
  std::string output;  // both streams
};

// `preload`: the value of LD_PRELOAD, where the trial has no file for it; else empty. Throws Failure when no process
// can be started.
TrialEnd run_for_trial(const std::vector<std::string>& command, As as, const std::string& preload = {});

// "ended with 1", "was killed by signal 11"
std::string describe(const TrialEnd& end);

}  // namespace neap
