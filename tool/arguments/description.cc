#include "tool/arguments/description.h"

#include <CLI/CLI.hpp>

#include "tool/arguments/command_line.h"

namespace neap {
namespace {

std::string in_capitals(std::string text) {
  for (char& letter : text) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  return text;
}

// A value without a name of its own is named after its option.
std::string value_of(const CLI::Option& option) {
  if (option.get_positional()) return option.get_name(true);
  if (option.get_type_size() == 0 || option.get_type_name().empty()) return {};
  const bool named = option.get_type_name() != "TEXT" || option.get_lnames().empty();
  return named ? option.get_type_name() : in_capitals(option.get_lnames().front());
}

OptionDescription describe_option(const CLI::Option& option) {
  OptionDescription described;
  for (const std::string& name : option.get_snames()) described.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) described.names.push_back("--" + name);
  described.value = value_of(option);
  described.help = option.get_description();
  described.fallback = option.get_default_str();
  if (described.fallback.starts_with('['))  // how CLI11 writes a list
    described.fallback = described.fallback.substr(1, described.fallback.size() - 2);
  described.repeats = option.get_expected_max() > 1;
  return described;
}

CommandDescription describe_app(const CLI::App& app, const std::string& path, const std::string& inherited_notes) {
  CommandDescription described;
  described.path = path;
  described.name = app.get_name();
  described.about = app.get_description();
  if (app.get_footer() != inherited_notes) described.notes = app.get_footer();  // the footer begins with its parent's
  const auto formatter = std::dynamic_pointer_cast<CLI::Formatter>(app.get_formatter());
  const std::string usage = formatter->make_usage(&app, path);
  described.usage = usage.substr(usage.find(path), usage.find('\n') - usage.find(path));
  described.takes_program = usage.find(" -- ") != std::string::npos;
  for (const CLI::Option* option : app.get_options())
    if (!option->get_group().empty()) described.options.push_back(describe_option(*option));
  for (const CLI::App* part : app.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); }))
    described.parts.push_back(describe_app(*part, path + " " + part->get_name(), app.get_footer()));
  return described;
}

}  // namespace

CommandDescription CommandLine::describe(const std::string& path) const { return describe_app(app_, path, ""); }

}  // namespace neap
