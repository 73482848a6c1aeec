// What `neap inspect` prints of a look: for people, and as JSON.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tool/verdict/diagnosis.h"
#include "tool/verdict/growth.h"

namespace neap {

std::string inspect_text(const Look& look, const Verdict& verdict);
nlohmann::ordered_json inspect_json(const Look& look, const Verdict& verdict);
nlohmann::ordered_json growth_json(const Growth& growth);

}  // namespace neap
