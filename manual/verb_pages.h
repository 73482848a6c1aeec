// The manual pages of the command: neap.1 and one neap-VERB.1 for each verb of the table.
#pragma once
#include <string>

#include "manual/page.h"
#include "manual/roff.h"

namespace neap::manual {

// What every page is stamped with.
struct Edition {
  std::string date;
  std::string version;
};

std::string render_command_page(const CommandDescription& command, const Edition& edition);

// `command` gives the options that hold for every verb.
std::string render_verb_page(const CommandDescription& verb, const CommandDescription& command, const Edition& edition);

}  // namespace neap::manual
