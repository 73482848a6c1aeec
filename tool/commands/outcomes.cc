#include "tool/commands/outcomes.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace neap {

void Outcomes::attempt(const std::string& target, const std::function<SwitchOutcome()>& step) {
  try {
    add(step());
  } catch (const Failure& failure) {
    note(target, failure.what(), failure.exit_code());
  } catch (const std::exception& error) {
    note(target, error.what(), exit_own_failure);
  }
}

void Outcomes::note(const std::string& target, const char* error, int exit_code) {
  fmt::print(stderr, "neap: {}\n", error);
  all_.push_back({{target, {}, false, {}, 0}, error});
  failed_.push_back(target);
  exit_code_ = std::max(exit_code_, exit_code);
}

int Outcomes::end(const Invocation& invocation) const {
  if (!failed_.empty() && all_.size() > 1)
    fmt::print(stderr, "neap: {} of {} failed: {}\n", failed_.size(), all_.size(), fmt::join(failed_, ", "));
  if (invocation.json) print_json();
  return exit_code_;
}

void Outcomes::print_json() const {
  nlohmann::json targets = nlohmann::json::array();
  bool changed = false;
  for (const auto& [outcome, error] : all_) {
    changed = changed || outcome.changed;
    nlohmann::json entry{{"target", outcome.target},
                         {"changed", outcome.changed},
                         {"restarted", outcome.restarted},
                         {"verified", outcome.verified}};
    if (!outcome.allocator.empty()) entry["allocator"] = outcome.allocator;
    if (!error.empty()) entry["error"] = error;
    targets.push_back(std::move(entry));
  }
  fmt::print("{}\n", nlohmann::json{{"changed", changed}, {"targets", targets}}.dump(2));
}

}  // namespace neap
