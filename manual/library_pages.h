// The pages of the library: libneap.7 as its user meets it, NEAP_OPTIONS from the library's own option table, and
// libneap.3 for programs that call it.
#pragma once
#include <string>

#include "manual/verb_pages.h"

namespace neap::manual {

std::string render_library_page(const Edition& edition);
std::string render_calls_page(const Edition& edition);

}  // namespace neap::manual
