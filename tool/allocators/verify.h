// Whether an allocator really serves a live process. Called some milliseconds after the start, by the witness of `run`
// and by the recorder.
#pragma once
#include <sys/types.h>

#include <string>

#include "tool/allocators/preflight.h"
#include "tool/model/allocator.h"

namespace neap {

enum class Verdict {
  serves,   // libneap: its telemetry counts served calls; others: mapped, and nothing stands before it
  not_yet,  // the process is still in its dynamic loader, or has not allocated
  does_not_serve,
  ended,        // too short-lived to be looked at
  cannot_tell,  // no right to look into the process
};

struct Verification {
  Verdict verdict = Verdict::not_yet;
  std::string reason;  // for a person; empty when it serves
};

Verification verify_allocator(pid_t pid, const Allocator& allocator);

// The same of a process that may have begun just now: looks again until it can be told, for two seconds at most.
Verification verify_soon(pid_t pid, const Allocator& allocator);

// The one line for stderr. Empty when it serves or ended before anybody could see.
std::string explain(const Verification& verification, const Allocator& allocator, const std::string& program);

}  // namespace neap
