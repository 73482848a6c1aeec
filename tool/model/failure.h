// Failure: what any room throws when it cannot go on; main turns it into one line on stderr and an exit code.
// The message says what is wrong and what to do about it. Exit codes follow env(1), nohup(1) and hyperfine:
// the child's own code is kept, 125 is neap's own failure, 128+N a child killed by signal N.
#pragma once
#include <stdexcept>
#include <string>

namespace neap {

inline constexpr int exit_success = 0;
inline constexpr int exit_condition_holds = 1;  // one of --fail-if
inline constexpr int exit_bad_usage = 2;
inline constexpr int exit_own_failure = 125;
inline constexpr int exit_cannot_execute = 126;
inline constexpr int exit_not_found = 127;
inline constexpr int exit_signal_base = 128;

class Failure : public std::runtime_error {
 public:
  explicit Failure(const std::string& message, int exit_code = exit_own_failure)
      : std::runtime_error(message), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

// Bad input of the person at the keyboard: exit code 2.
class UsageFailure : public Failure {
 public:
  explicit UsageFailure(const std::string& message) : Failure(message, exit_bad_usage) {}
};

}  // namespace neap
