// The trial before /etc/ld.so.preload is written: programs without which a machine cannot be used run under it in a
// mount namespace that nobody else sees. A program passes when it ends as it does without.
#pragma once
#include <string>
#include <vector>

#include "tool/model/allocator.h"

namespace neap {

struct TrialResult {
  std::string program;
  bool passed = false;
  std::string remark;  // why not; for a passed one what should be known, else empty
};

// `preload`: the bytes that /etc/ld.so.preload would have. `folder`: where the trial keeps its copy of them. Programs
// that are not installed are left out. `of_services`: programs that services will start next; they are only loaded.
// Where a process may have no mounts of its own, LD_PRELOAD stands for the file. Throws Failure when no trial can be
// held; then nothing may be switched.
std::vector<TrialResult> hold_trial(const std::string& preload, const std::string& folder, const Allocator& allocator,
                                    const std::vector<std::string>& of_services);

// After the switch: whether this machine still starts a shell. Independent of the trial.
bool starts_programs();

}  // namespace neap
