// The verdict in words: one sentence, over every table and report.
#pragma once
#include <string>

#include "tool/model/verdict.h"

namespace neap {

std::string show_verdict(const Verdict& verdict);

}  // namespace neap
