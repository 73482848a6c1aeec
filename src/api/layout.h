// What tells a reader outside the process where the objects lie (format/heap_layout.h).
#pragma once

#include "format/heap_layout.h"

namespace neap {

[[gnu::visibility("hidden")]] extern const HeapLayout heap_layout;

}  // namespace neap
