#pragma once

namespace neap::misuse {

// After this call a fault in libneap's memory is reported before the program's own handler sees it.
void watch_faults();

}  // namespace neap::misuse
