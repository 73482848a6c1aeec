// What the manual and the shells' completion know of a verb: the description of its command line, what stands behind
// its options, and the options that every verb takes.
#pragma once
#include <string>
#include <vector>

#include "tool/arguments/description.h"

namespace neap::manual {

// Where the shell finds what can stand behind an option or as an argument.
enum class Values { none, files, allocators, processes, units };

Values values_of(const OptionDescription& option);

// The whole command with its verbs below it. Each verb has its own options and those that hold for all verbs.
CommandDescription read_command();

// The page and all pages below it. Each page comes before its parts.
std::vector<const CommandDescription*> all_pages(const CommandDescription& page);

// Every name that an option of kind Values::allocators takes, separated by spaces.
std::string allocator_names();

}  // namespace neap::manual
