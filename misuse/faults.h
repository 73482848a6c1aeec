#pragma once

namespace neap::misuse {

// From then on a fault in libneap's memory is reported before the program sees it.
void watch_faults();

}  // namespace neap::misuse
