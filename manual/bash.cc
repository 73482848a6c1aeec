#include <fmt/format.h>
#include <fmt/ranges.h>

#include "manual/completion.h"

namespace neap::manual {
namespace {

constexpr const char* head = R"shell(# bash completion for neap: written by neap-manual from the command's own tables.

_neap_units() { systemctl list-units --all --plain --no-legend --type service 2>/dev/null | cut -d ' ' -f 1; }

# What stands behind an option or as an argument; the last part of a list that is parted by commas.
_neap_values() {
  local list=''
  case $1 in
    allocators)
      [[ $2 != *,* ]] || list=${2%,*},
      mapfile -t COMPREPLY < <(compgen -W "$_neap_allocators" -P "$list" -- "${2##*,}"; compgen -f -- "$2") ;;
    processes) mapfile -t COMPREPLY < <(compgen -W "$(cd /proc && printf '%s ' [0-9]*)" -- "$2") ;;
    units) mapfile -t COMPREPLY < <(compgen -W "$(_neap_units)" -- "$2") ;;
    files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
  esac
}

# A program behind --: bash-completion completes it as if it stood alone, without it its name or a file.
_neap_program() {
  if declare -F _command_offset >/dev/null; then _command_offset "$1"
  elif ((COMP_CWORD == $1)); then mapfile -t COMPREPLY < <(compgen -c -- "$2")
  else _neap_values files "$2"; fi
}

)shell";

constexpr const char* walk = R"shell(_neap() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path=neap at
  local parts options argument takes
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; ++at)); do
    if [[ ${COMP_WORDS[at]} = -- ]]; then _neap_program $((at + 1)) "$word"; return; fi
    _neap_table "$path" ''
    [[ " $parts " != *" ${COMP_WORDS[at]} "* ]] || path+=" ${COMP_WORDS[at]}"
  done
  _neap_table "$path" "$before"
  if [[ -n $takes ]]; then _neap_values "$takes" "$word"
  elif [[ $word = -* ]]; then mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  elif [[ -n $parts ]]; then mapfile -t COMPREPLY < <(compgen -W "$parts" -- "$word")
  elif [[ -n $argument ]]; then _neap_values "$argument" "$word"
  else mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word"); fi
}
complete -F _neap neap
)shell";

std::string row_of(const CommandDescription& page) {
  std::string parts, options, argument, takes;
  for (const CommandDescription& part : page.parts) parts += (parts.empty() ? "" : " ") + part.name;
  for (const OptionDescription& option : page.options) {
    for (const std::string& name : option.names) options += (options.empty() ? "" : " ") + name;
    if (option.names.empty()) argument = candidates_of(values_of(option)).bash;
    if (option.names.empty() || option.value.empty()) continue;
    takes +=
        fmt::format("\n        {}) takes={} ;;", fmt::join(option.names, " | "), candidates_of(values_of(option)).bash);
  }
  if (page.takes_program) options += " --";
  std::string row =
      fmt::format("    '{}')\n      parts='{}' options='{}' argument='{}'\n", page.path, parts, options, argument);
  return row + (takes.empty() ? "      ;;\n" : "      case $2 in" + takes + "\n      esac ;;\n");
}

}  // namespace

std::string render_bash(const CommandDescription& command) {
  std::string script = head;
  script += fmt::format("_neap_allocators='{}'\n\n", allocator_names());
  script += "# Sets what is known of the verb $1, and in `takes` what the option $2 wants behind it.\n";
  script += "_neap_table() {\n  parts='' options='' argument='' takes=''\n  case $1 in\n";
  for (const CommandDescription* page : all_pages(command)) script += row_of(*page);
  return script + "  esac\n}\n\n" + walk;
}

}  // namespace neap::manual
