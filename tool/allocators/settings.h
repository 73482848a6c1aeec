// Turns "key=value:key=value" into the environment variables that the allocator of a table row reads.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tool/allocators/table.h"

namespace neap {

std::vector<std::pair<std::string, std::string>> settings_environment(const AllocatorRow& row,
                                                                      std::string_view settings);

}  // namespace neap
