// The comparison within hosts, for the terminal, Markdown and JSON.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tool/experiment/experiment.h"

namespace neap {

std::string render_effects(const HostComparison& comparison, const std::string& baseline, bool colour);
std::string render_effects_markdown(const HostComparison& comparison, const std::string& baseline);
nlohmann::json effects_as_json(const HostComparison& comparison);

}  // namespace neap
