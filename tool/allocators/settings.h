// Turns "key=value:key=value" into the environment variables that the allocator of a table row reads.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tool/allocators/table.h"
#include "tool/model/allocator.h"

namespace neap {

// Throws UsageFailure for what is no setting, or one that the table knows not to be there.
std::vector<std::pair<std::string, std::string>> settings_environment(const AllocatorRow& row,
                                                                      std::string_view settings);

// Starts a process under the allocator and throws UsageFailure when it complains about its settings.
void check_settings(const AllocatorRow& row, const Allocator& allocator);

}  // namespace neap
