#include <fmt/format.h>

#include "manual/completion.h"

namespace neap::manual {
namespace {

constexpr const char* head = R"shell(# fish completion for neap: written by neap-manual from the command's own tables.

function __neap_path --description 'The verb on the command line, as far as it is written'
    set -l path neap
    for word in (commandline -opc)
        test "$word" = -- ; and break
        contains -- "$path $word" $__neap_paths ; and set path "$path $word"
    end
    echo $path
end

function __neap_at
    not contains -- -- (commandline -opc) ; and test (__neap_path) = "$argv"
end

function __neap_program
    contains -- -- (commandline -opc)
end

# What follows -- is a command line of its own.
function __neap_program_candidates
    set -l words (commandline -opc)
    set -l mark (contains -i -- -- $words)
    complete -C (string join ' ' -- $words[(math $mark + 1)..] (commandline -ct))
end

function __neap_units
    systemctl list-units --all --plain --no-legend --type service 2>/dev/null | string replace -r ' .*' ''
end

)shell";

std::string option_line(const std::string& condition, const OptionDescription& option) {
  std::string line = condition;
  for (const std::string& name : option.names)
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (!option.value.empty())
    line += std::string(option.names.empty() ? "" : " -r") + candidates_of(values_of(option)).fish;
  return line + " -d " + quoted(short_help(option.help)) + "\n";
}

std::string lines_of(const CommandDescription& page) {
  const std::string condition = fmt::format("complete -c neap -n '__neap_at {}'", page.path);
  std::string lines;
  for (const CommandDescription& part : page.parts)
    lines += fmt::format("{} -a {} -d {}\n", condition, part.name, quoted(short_help(part.about)));
  for (const OptionDescription& option : page.options) lines += option_line(condition, option);
  return lines;
}

}  // namespace

std::string render_fish(const CommandDescription& command) {
  std::string script = head;
  script += fmt::format("set -g __neap_allocators {}\n", allocator_names());
  script += "set -g __neap_paths";
  for (const CommandDescription* page : all_pages(command)) script += " " + quoted(page->path);
  script += "\n\ncomplete -c neap -f\ncomplete -c neap -n __neap_program -a '(__neap_program_candidates)'\n";
  for (const CommandDescription* page : all_pages(command)) script += lines_of(*page);
  return script;
}

}  // namespace neap::manual
