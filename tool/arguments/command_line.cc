#include "tool/arguments/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <type_traits>

#include "tool/model/duration.h"
#include "tool/model/failure.h"
#include "tool/model/suggestion.h"
#include "tool/model/text.h"

namespace neap {
namespace {

// --help: `--runs N   Runs under each allocator, 1 to 1000 (default: 3)`.
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(bool with_program) : with_program_(with_program) {
    label("SUBCOMMAND", "VERB");
    label("SUBCOMMANDS", "VERBS");
  }
  bool with_program() const { return with_program_; }

  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string usage = CLI::Formatter::make_usage(app, std::move(name));
    usage.erase(usage.find_last_not_of('\n') + 1);
    return usage + (with_program_ ? " -- PROGRAM [ARGS]\n" : "\n");
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0 || option->get_type_name().empty()) return {};
    if (option->get_positional()) return option->get_expected_max() > 1 ? " ..." : "";
    return " " + option->get_type_name();
  }

  // A flag that takes a value only behind `=` is --json{-} to CLI11.
  std::string make_option_name(const CLI::Option* option, bool positional) const override {
    const std::string name = CLI::Formatter::make_option_name(option, positional);
    return name.substr(0, name.find('{'));
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    std::string value = option->get_default_str();
    if (value.starts_with('[')) value = value.substr(1, value.size() - 2);  // how CLI11 writes a list
    return option->get_description() + (value.empty() ? "" : " (default: " + value + ")");
  }

  std::string make_footer(const CLI::App* app) const override {
    const char* const everywhere =
        "Every verb takes -q (no progress on stderr) and --json (JSON instead of a table).\n";
    return CLI::Formatter::make_footer(app) + (app->get_parent() != nullptr ? everywhere : "");
  }

 private:
  bool with_program_;
};

// Checks a number, and adds to the option's line of help what the number has to be.
template <typename Holds>
void check_number(CLI::Option& option, const std::string& wanted, Holds holds) {
  const auto check = [=](const std::string& text) {
    double value = 0;
    const bool good = CLI::detail::lexical_cast(text, value) && holds(value);
    return good ? std::string() : fmt::format("'{}' is not {}", text, wanted);
  };
  option.check(CLI::Validator(check, "", ""));
  option.description(option.get_description() + ", " + wanted);
}

template <typename Value>
constexpr const char* placeholder_of = std::is_arithmetic_v<Value> ? "N" : "TEXT";
template <typename Value>
constexpr const char* placeholder_of<std::optional<Value>> = placeholder_of<Value>;

const CLI::App& deepest_of(const CLI::App& app) {
  const CLI::App* parsed = &app;
  while (!parsed->get_subcommands().empty()) parsed = parsed->get_subcommands().front();
  return *parsed;
}

std::string path_of(const CLI::App& app) {
  if (app.get_parent() == nullptr) return "neap";
  return path_of(*app.get_parent()) + " " + app.get_name();
}

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); }))
    names.push_back(verb->get_name());
  return names;
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* level = &app; level != nullptr; level = level->get_parent())
    for (const CLI::Option* option : level->get_options())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

// What was left over, in the order in which it was written.
std::string explain_strays(const CLI::App& verb, const std::vector<std::string>& strays) {
  std::string list;
  for (const std::string& stray : strays) list += (list.empty() ? "" : " ") + stray;
  std::string text = strays.size() == 1 ? fmt::format("'{}' was not expected", list)
                                        : fmt::format("these were not expected: {}", list);
  const std::string& first = strays.front();
  if (first.starts_with("-")) return text + did_you_mean(first.substr(0, first.find('=')), options_of(verb));
  if (!verbs_of(verb).empty()) return text + did_you_mean(first, verbs_of(verb));
  const auto* const help = dynamic_cast<const HelpFormatter*>(verb.get_formatter().get());
  return text + (help != nullptr && help->with_program() ? "; a program to run stands behind --" : "");
}

int explain_parse_error(const CLI::App& app, const std::vector<std::string>& arguments, const CLI::ParseError& error) {
  const CLI::App& verb = deepest_of(app);
  std::string text = error.what();
  // CLI11 tells of the missing verb before it looks at the word that stands in its place.
  const bool lacks_verb = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !verbs_of(verb).empty();
  std::vector<std::string> strays = app.remaining(true);
  if (strays.empty() && lacks_verb)
    for (const std::string& word : arguments)
      if (const auto depth = deepest_of(app).get_name(); word != depth && !word.starts_with("-"))
        strays.push_back(word);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    text = explain_strays(verb, strays);
  } else if (lacks_verb) {
    text = strays.empty()
               ? fmt::format("a VERB is required: {}", fmt::join(verbs_of(verb), ", "))
               : fmt::format("there is no verb '{}'{}", strays.front(), did_you_mean(strays.front(), verbs_of(verb)));
  }
  const std::string path = path_of(verb);
  fmt::print(stderr, "{}: {}{} see {} --help\n", path, printable(text), text.ends_with('?') ? "" : ";", path);
  return exit_bad_usage;
}

}  // namespace

OptionLine& OptionLine::required() { return option_->required(), *this; }
OptionLine& OptionLine::shows_default() { return option_->capture_default_str(), *this; }
OptionLine& OptionLine::named(const char* placeholder) { return option_->type_name(placeholder), *this; }
OptionLine& OptionLine::one_at_a_time() { return option_->allow_extra_args(false), *this; }
OptionLine& OptionLine::hidden() { return option_->group(""), *this; }
OptionLine& OptionLine::excludes(const OptionLine& other) { return option_->excludes(other.option_), *this; }

OptionLine& OptionLine::within(double lowest, double highest) {
  check_number(*option_, fmt::format("{} to {}", lowest, highest),
               [=](double value) { return lowest <= value && value <= highest; });
  return *this;
}

OptionLine& OptionLine::above_zero() {
  check_number(*option_, "above 0", [](double value) { return value > 0; });
  return *this;
}

OptionLine& OptionLine::not_negative() {
  check_number(*option_, "0 or more", [](double value) { return value >= 0; });
  return *this;
}

OptionLine& OptionLine::takes_duration() {
  const auto to_seconds = [](std::string& text) {
    const auto duration = parse_duration(text);
    if (!duration) return fmt::format("'{}' is no time such as 90, 5min or 24h", text);
    text = fmt::format("{}", duration->count);
    return std::string();
  };
  option_->transform(CLI::Validator(to_seconds, "", ""));
  return named("TIME");
}

OptionLine& OptionLine::takes_units() {
  option_->transform(CLI::Validator(CLI::AsSizeValue(false)).description(""));
  return named("SIZE");
}

CommandLine::CommandLine(const char* about, const char* name)
    : own_(std::make_unique<CLI::App>(about, name)), app_(*own_) {
  app_.fallthrough();
  app_.formatter(std::make_shared<HelpFormatter>(false));
}

CommandLine::CommandLine(CLI::App& app) : app_(app) {}
CommandLine::~CommandLine() = default;

template <typename Value>
OptionLine CommandLine::add_option(const char* names, Value& target, const std::string& help) {
  return OptionLine(app_.add_option(names, target, help)->type_name(placeholder_of<Value>));
}

template OptionLine CommandLine::add_option(const char*, std::string&, const std::string&);
template OptionLine CommandLine::add_option(const char*, std::vector<std::string>&, const std::string&);
template OptionLine CommandLine::add_option(const char*, int&, const std::string&);
template OptionLine CommandLine::add_option(const char*, unsigned&, const std::string&);
template OptionLine CommandLine::add_option(const char*, std::uint64_t&, const std::string&);
template OptionLine CommandLine::add_option(const char*, double&, const std::string&);
template OptionLine CommandLine::add_option(const char*, std::optional<int>&, const std::string&);
template OptionLine CommandLine::add_option(const char*, std::optional<std::uint64_t>&, const std::string&);
template OptionLine CommandLine::add_option(const char*, std::optional<double>&, const std::string&);

OptionLine CommandLine::add_flag(const char* names, bool& target, const std::string& help) {
  return OptionLine(app_.add_flag(names, target, help));
}

OptionLine CommandLine::add_flag(const char* name, std::string& target, const char* without_value,
                                 const std::string& help) {
  return OptionLine(app_.add_flag(fmt::format("{}{{{}}}", name, without_value), target, help)->type_name(""));
}

OptionLine CommandLine::add_action(const char* name, std::function<void()> action, const std::string& help) {
  return OptionLine(app_.add_flag_callback(name, std::move(action), help));
}

void CommandLine::add_version(const std::string& text) { app_.set_version_flag("--version", text); }
void CommandLine::footer(const char* text) { app_.footer(text); }
void CommandLine::takes_program() { app_.formatter(std::make_shared<HelpFormatter>(true)); }
void CommandLine::require_command() { app_.require_subcommand(1); }
bool CommandLine::chosen() const { return app_.parsed(); }

CommandLine& CommandLine::add_command(const char* name, const char* help, bool hidden) {
  CLI::App* command = app_.add_subcommand(name, help);
  command->group(hidden ? "" : "Verbs");
  commands_.push_back(std::unique_ptr<CommandLine>(new CommandLine(*command)));
  return *commands_.back();
}

std::optional<int> CommandLine::parse(std::vector<std::string> arguments) {
  const std::vector<std::string> written = arguments;
  try {
    std::reverse(arguments.begin(), arguments.end());
    app_.parse(std::move(arguments));
    return std::nullopt;
  } catch (const CLI::Success& success) {
    return app_.exit(success);
  } catch (const CLI::ParseError& error) {
    return explain_parse_error(app_, written, error);
  }
}

}  // namespace neap
