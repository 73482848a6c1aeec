// The verdict on a comparison: who holds least, against whom, at what CPU, and whether the runs can show it.
#pragma once
#include "tool/model/figures.h"
#include "tool/model/verdict.h"

namespace neap {

Verdict judge(const Comparison& comparison, const ComparisonFigures& figures);

// What stands out among a row's runs, each with what to do about it.
std::vector<std::string> outliers_of(const Comparison& comparison);

}  // namespace neap
