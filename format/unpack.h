// unpack_to_file: streams zstd frames from one descriptor into another, with no use of malloc.
#pragma once

#include <cstddef>
#include <cstdint>

namespace neap::trace {

// Returns nullptr, or a sentence that says what is wrong with the input. `written` counts the unpacked bytes.
const char* unpack_to_file(int compressed, int target, std::uint64_t* written);

}  // namespace neap::trace
