// Which instance is on which allocator, as a table or as JSON: for `init` and `start --dry-run`.
#pragma once
#include "tool/arguments/verb.h"
#include "tool/experiment/experiment.h"

namespace neap {

void print_assignment(const Experiment& experiment, const Invocation& invocation);

}  // namespace neap
