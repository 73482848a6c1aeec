#include <fmt/format.h>

#include "manual/completion.h"

namespace neap::manual {
namespace {

// `text` for a spec of _arguments, which takes brackets and colons for its own syntax.
std::string spec_text(const std::string& text) {
  std::string escaped;
  for (const char letter : short_help(text)) {
    if (letter == '[' || letter == ']' || letter == ':' || letter == '\\') escaped += '\\';
    escaped += letter;
  }
  return escaped;
}

std::string value_spec(const OptionDescription& option) {
  return option.value.empty() ? ""
                              : fmt::format(":{}:{}", spec_text(option.value), candidates_of(values_of(option)).zsh);
}

// One spec for each option: names that mean the same exclude each other.
std::string specs_of(const OptionDescription& option) {
  if (option.names.empty())
    return fmt::format("    {}\n", quoted(fmt::format("{}:{}:{}", option.repeats ? "*" : "", spec_text(option.value),
                                                      candidates_of(values_of(option)).zsh)));
  std::string all;
  std::string group;
  for (const std::string& name : option.names) group += (group.empty() ? "" : " ") + name;
  for (const std::string& name : option.names)
    all += fmt::format("    {}\n",
                       quoted(fmt::format("({}){}[{}]{}", group, name, spec_text(option.help), value_spec(option))));
  return all;
}

std::string function_name(const CommandDescription& page) {
  std::string name = "_" + page.path;
  for (char& letter : name)
    if (letter == ' ' || letter == '-') letter = '_';
  return page.parts.empty() || page.path != "neap" ? name : "_neap_verbs";
}

std::string function_of(const CommandDescription& page) {
  std::string text = function_name(page) + "() {\n";
  if (!page.parts.empty()) text += "  local curcontext=$curcontext context state line\n  typeset -A opt_args\n";
  text += "  local -a specs=(\n";
  for (const OptionDescription& option : page.options) text += specs_of(option);
  if (page.parts.empty()) {
    if (page.takes_program) text += "    '*::program:_normal'\n";
    return text + "  )\n  _arguments -s : $specs\n}\n\n";
  }
  text += "    '1:verb:->verb'\n    '*::argument:->argument'\n  )\n  _arguments -C -s : $specs\n  case $state in\n";
  text += "    verb)\n      local -a verbs=(\n";
  for (const CommandDescription& part : page.parts)
    text += fmt::format("        {}\n", quoted(part.name + ":" + short_help(part.about)));
  text += "      )\n      _describe verb verbs ;;\n    argument)\n      case $words[1] in\n";
  for (const CommandDescription& part : page.parts)
    text += fmt::format("        {}) {} ;;\n", part.name, function_name(part));
  return text + "      esac ;;\n  esac\n}\n\n";
}

}  // namespace

std::string render_zsh(const CommandDescription& command) {
  std::string script =
      "#compdef neap\n# zsh completion for neap: written by neap-manual from the command's own tables.\n\n";
  script += fmt::format("_neap_allocators() {{ _values -s , allocator {} }}\n", allocator_names());
  script +=
      "_neap_units() {\n  local -a units=(${(f)\"$(systemctl list-units --all --plain --no-legend --type service "
      "2>/dev/null | cut -d ' ' -f 1)\"})\n  compadd -a units\n}\n\n";
  for (const CommandDescription* page : all_pages(command)) script += function_of(*page);
  return script + "_neap_verbs \"$@\"\n";
}

}  // namespace neap::manual
