// Run facts and run end as (name, value) texts: the content of a recording's fact table, in both directions.
#pragma once
#include <map>
#include <string>

#include "tool/model/run.h"

namespace neap {

using FactTexts = std::map<std::string, std::string>;

inline constexpr const char* file_fact = "file";  // added by the reader, for messages

FactTexts to_texts(const RunFacts& facts);
FactTexts to_texts(const RunEnd& end);
// Throw UsageFailure for numbers that are none.
RunFacts facts_from(const FactTexts& texts);
std::optional<RunEnd> end_from(const FactTexts& texts);  // empty when the recorder did not get to its end

}  // namespace neap
