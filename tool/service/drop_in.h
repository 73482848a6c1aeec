// The files of one unit's switch: a drop-in with the variables, and an environment file beside it where a drop-in alone
// would lose. Pure but for reading what the unit reads.
#pragma once
#include <string>
#include <vector>

#include "tool/change/journal.h"
#include "tool/model/allocator.h"
#include "tool/service/scope.h"
#include "tool/service/variable_origin.h"

namespace neap {

struct DropInPlan {
  std::vector<FileChange> files;   // path and `to` are set; in the order to be written
  std::string effective;           // path of the drop-in
  std::string preload;             // the value LD_PRELOAD will have; empty: none
  bool preload_is_exact = true;    // false: it holds a specifier that only systemd can expand
  std::vector<std::string> notes;  // what the person should know: merged with what, from where
};

// Throws UsageFailure when another setting of the unit would win, naming its file.
DropInPlan plan_drop_in(const Root& root, const Scope& scope, const UnitFacts& unit,
                        const std::vector<std::string>& base, const Allocator& allocator);

}  // namespace neap
