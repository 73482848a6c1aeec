// Every sample of some runs as CSV: one row per process and tick, columns from model/sample_fields.h.
#pragma once
#include <string>
#include <vector>

#include "tool/model/run.h"

namespace neap {

std::string render_csv(const std::vector<Run>& runs);

}  // namespace neap
