// Whether recordings can stand beside each other: a median over unlike ones, or a ratio between them, says nothing of
// the allocator. Each difference is a phrase for a remark: "programs gzip, sort".
#pragma once
#include <string>
#include <vector>

#include "tool/model/run.h"

namespace neap {

// Between the recordings of one row.
std::vector<std::string> differences_between(const std::vector<const Run*>& runs);

// Between rows that are alike within.
std::vector<std::string> differences_between_rows(const std::vector<std::vector<const Run*>>& rows);

}  // namespace neap
