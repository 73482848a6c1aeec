// Outcomes: what came of each target of a verb that switches. One that fails does not keep the others; the verb ends
// with its exit code and says which it was, or says all of it as JSON.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tool/arguments/verb.h"
#include "tool/model/failure.h"
#include "tool/service/unit_switch.h"

namespace neap {

class Outcomes {
 public:
  void attempt(const std::string& target, const std::function<SwitchOutcome()>& step);
  void add(SwitchOutcome outcome) { all_.push_back({std::move(outcome), {}}); }

  // Tells, and returns the exit code: that of a failure of neap before that of a wrong name.
  int end(const Invocation& invocation) const;

 private:
  struct Entry {
    SwitchOutcome outcome;
    std::string error;
  };
  void note(const std::string& target, const char* error, int exit_code);
  void print_json() const;

  std::vector<Entry> all_;
  std::vector<std::string> failed_;
  int exit_code_ = exit_success;
};

}  // namespace neap
