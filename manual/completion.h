// Completion for bash, zsh and fish, one file each, from the same pages as the manual. None needs more than its shell.
#pragma once
#include <array>
#include <string>

#include "manual/page.h"

namespace neap::manual {

// How each shell finds the candidates for a kind of value.
struct Candidates {
  Values values;
  const char* bash;  // a case of _neap_values
  const char* zsh;   // an action of _arguments
  const char* fish;  // arguments of complete
};

inline constexpr std::array candidates_table = {
    Candidates{Values::none, "none", " ", " -x"},
    Candidates{Values::files, "files", "_files", " -F"},
    Candidates{Values::allocators, "allocators", "_neap_allocators", " -x -a '(__fish_append , $__neap_allocators)'"},
    Candidates{Values::processes, "processes", "_pids", " -x -a '(__fish_complete_pids)'"},
    Candidates{Values::units, "units", "_neap_units", " -x -a '(__neap_units)'"},
};

const Candidates& candidates_of(Values values);

std::string render_bash(const CommandDescription& command);
std::string render_zsh(const CommandDescription& command);
std::string render_fish(const CommandDescription& command);

// `text` between single quotes, for any of the three shells. A `'` in it is written as fish and POSIX shells read it.
std::string quoted(const std::string& text);

// As much of a page's help as a list of candidates has room for.
std::string short_help(const std::string& text);

}  // namespace neap::manual
