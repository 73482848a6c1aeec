// /proc/PID/smaps as mappings.
#pragma once
#include <istream>
#include <vector>

#include "tool/inspect/address_space.h"

namespace neap {

// By address. Lines that are none of the kernel's are passed over.
std::vector<Mapping> parse_smaps(std::istream& smaps);

}  // namespace neap
