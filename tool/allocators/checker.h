// The checker of `--find-misuse`: a library before libneap, which is hardened then (docs/find-misuse.md).
#pragma once
#include <string>

#include "tool/model/allocator.h"

namespace neap {

struct CheckerOptions {
  bool leaks = true, mismatches = true;
};

// Libneap, hardened, with the settings behind its name in `written`, and the checker before it. `log` is the file that
// it reports to; empty: stderr. Throws UsageFailure where `written` is another allocator.
Allocator resolve_checked(const std::string& written, const CheckerOptions& options, const std::string& log);

}  // namespace neap
