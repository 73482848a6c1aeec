// What is configured and what really runs, unit by unit: each instance of a template has its own row. For `neap
// metrics`, where status.h has one row an entry, for a person.
#pragma once
#include <string>
#include <vector>

#include "tool/service/status.h"

namespace neap {

// The running services and, of those that do not run, the ones named in `stopped`.
std::vector<StatusRow> read_status_by_unit(const Root& root, const std::vector<Entry>& entries, Manager& manager,
                                           const std::vector<std::string>& stopped);

}  // namespace neap
