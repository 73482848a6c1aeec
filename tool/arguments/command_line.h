// The command line: the options of a verb, the variables that they set, and the parse. Verbs use CLI11 through this
// header. Only the two sources beside it include CLI11 itself, whose headers cost six seconds for each file.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tool/arguments/description.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace neap {

// One option while it is being described; every call returns the option again.
class OptionLine {
 public:
  explicit OptionLine(CLI::Option* option) : option_(option) {}
  OptionLine& required();
  OptionLine& shows_default();
  OptionLine& named(const char* placeholder);  // what --help shows for the value: FILE, A,B,C
  OptionLine& within(double lowest, double highest);
  OptionLine& above_zero();
  OptionLine& not_negative();
  OptionLine& takes_units();     // 64KiB, 1M: powers of 1024
  OptionLine& takes_duration();  // 90, 5min, 24h: becomes seconds, which is what checks see
  OptionLine& one_at_a_time();   // a list that takes one value each time it is named
  OptionLine& hidden();
  OptionLine& excludes(const OptionLine& other);

 private:
  CLI::Option* option_;
};

class CommandLine {
 public:
  CommandLine(const char* about, const char* name);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // `target` outlives the parse. Value: std::string, a vector of them, int, unsigned, std::uint64_t, double, or an
  // optional int, std::uint64_t or double; a file that asks for another one does not link.
  template <typename Value>
  OptionLine add_option(const char* names, Value& target, const std::string& help);
  OptionLine add_flag(const char* names, bool& target, const std::string& help);
  // --NAME writes `without_value`, --NAME=VALUE writes VALUE.
  OptionLine add_flag(const char* name, std::string& target, const char* without_value, const std::string& help);
  OptionLine add_action(const char* name, std::function<void()> action, const std::string& help);
  void add_version(const std::string& text);
  void footer(const char* text);
  void takes_program();  // shows `-- PROGRAM [ARGS]` at the end of the usage line

  CommandLine& add_command(const char* name, const char* help, bool hidden = false);
  void require_command();
  bool chosen() const;
  // A description of what the command line takes; `path` is how the command is called.
  CommandDescription describe(const std::string& path) const;

  // Parses. A value is the exit code of a command that has nothing more to do: after --help, --version or bad usage.
  std::optional<int> parse(std::vector<std::string> arguments);

 private:
  explicit CommandLine(CLI::App& app);
  std::unique_ptr<CLI::App> own_;  // of the whole line alone
  CLI::App& app_;
  std::vector<std::unique_ptr<CommandLine>> commands_;
};

}  // namespace neap
