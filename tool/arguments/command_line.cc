#include "tool/arguments/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>

#include "tool/model/failure.h"

namespace neap {
namespace {

class ProgramFormatter : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string usage = CLI::Formatter::make_usage(app, std::move(name));
    usage.erase(usage.find_last_not_of('\n') + 1);
    return usage + " -- PROGRAM [ARGS]\n\n";
  }
};

// A check of a number: what --help shows for it, and what is said when it does not hold.
template <typename Holds>
CLI::Validator number_check(std::string shown, std::string complaint, Holds holds) {
  return {[=](const std::string& text) {
            double value = 0;
            return CLI::detail::lexical_cast(text, value) && holds(value) ? "" : fmt::format("{} {}", text, complaint);
          },
          shown, ""};
}

int explain_parse_error(const CLI::App& app, const CLI::ParseError& error) {
  std::string verb;
  for (const CLI::App* parsed = &app; !parsed->get_subcommands().empty();) {
    parsed = parsed->get_subcommands().front();
    verb += " " + parsed->get_name();
  }
  const bool stray = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  fmt::print(stderr, "neap{}: {}; {}see neap{} --help\n", verb, error.what(),
             stray ? "a program to run stands behind --; " : "", verb);
  return exit_bad_usage;
}

}  // namespace

OptionLine& OptionLine::required() { return option_->required(), *this; }
OptionLine& OptionLine::shows_default() { return option_->capture_default_str(), *this; }
OptionLine& OptionLine::named(const char* placeholder) { return option_->type_name(placeholder), *this; }
OptionLine& OptionLine::takes_units() { return option_->transform(CLI::AsSizeValue(false)), *this; }
OptionLine& OptionLine::excludes(const OptionLine& other) { return option_->excludes(other.option_), *this; }

OptionLine& OptionLine::within(double lowest, double highest) {
  const std::string range = fmt::format("{} to {}", lowest, highest);
  option_->check(number_check(range, "is not in the range " + range,
                              [=](double value) { return lowest <= value && value <= highest; }));
  return *this;
}

OptionLine& OptionLine::above_zero() {
  option_->check(number_check("above 0", "is not above 0", [](double value) { return value > 0; }));
  return *this;
}

OptionLine& OptionLine::not_negative() {
  option_->check(number_check("0 or more", "is not 0 or more", [](double value) { return value >= 0; }));
  return *this;
}

CommandLine::CommandLine(const char* about, const char* name)
    : own_(std::make_unique<CLI::App>(about, name)), app_(*own_) {
  app_.fallthrough();
}

CommandLine::CommandLine(CLI::App& app) : app_(app) {}
CommandLine::~CommandLine() = default;

template <typename Value>
OptionLine CommandLine::add_option(const char* names, Value& target, const std::string& help) {
  return OptionLine(app_.add_option(names, target, help));
}

template OptionLine CommandLine::add_option(const char*, std::string&, const std::string&);
template OptionLine CommandLine::add_option(const char*, std::vector<std::string>&, const std::string&);
template OptionLine CommandLine::add_option(const char*, int&, const std::string&);
template OptionLine CommandLine::add_option(const char*, unsigned&, const std::string&);
template OptionLine CommandLine::add_option(const char*, std::uint64_t&, const std::string&);
template OptionLine CommandLine::add_option(const char*, double&, const std::string&);
template OptionLine CommandLine::add_option(const char*, std::optional<int>&, const std::string&);
template OptionLine CommandLine::add_option(const char*, std::optional<double>&, const std::string&);

OptionLine CommandLine::add_flag(const char* names, bool& target, const std::string& help) {
  return OptionLine(app_.add_flag(names, target, help));
}

OptionLine CommandLine::add_flag(const char* name, std::string& target, const char* without_value,
                                 const std::string& help) {
  return OptionLine(app_.add_flag(fmt::format("{}{{{}}}", name, without_value), target, help));
}

OptionLine CommandLine::add_action(const char* name, std::function<void()> action, const std::string& help) {
  return OptionLine(app_.add_flag_callback(name, std::move(action), help));
}

void CommandLine::add_version(const std::string& text) { app_.set_version_flag("--version", text); }
void CommandLine::footer(const char* text) { app_.footer(text); }
void CommandLine::takes_program() { app_.formatter(std::make_shared<ProgramFormatter>()); }
void CommandLine::require_command() { app_.require_subcommand(1); }
bool CommandLine::chosen() const { return app_.parsed(); }

CommandLine& CommandLine::add_command(const char* name, const char* help, bool hidden) {
  CLI::App* command = app_.add_subcommand(name, help);
  if (hidden) command->group("");
  commands_.push_back(std::unique_ptr<CommandLine>(new CommandLine(*command)));
  return *commands_.back();
}

std::optional<int> CommandLine::parse(std::vector<std::string> arguments) {
  try {
    std::reverse(arguments.begin(), arguments.end());
    app_.parse(std::move(arguments));
    return std::nullopt;
  } catch (const CLI::Success& success) {
    return app_.exit(success);
  } catch (const CLI::ParseError& error) {
    return explain_parse_error(app_, error);
  }
}

}  // namespace neap
