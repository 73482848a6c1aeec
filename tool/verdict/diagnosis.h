// The verdict on one look: what the memory is, in words with figures, and what another allocator would take.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tool/verdict/look.h"

namespace neap {

enum class Finding : std::uint8_t {
  healthy,        // most of the heap is live
  fragmentation,  // a large part of the heap is free and stays resident
  elsewhere,      // most of the memory is not malloc's
  unknown,        // no heap could be read
};
const char* name_of(Finding finding);

// RSS of the same load under libneap: between what live objects need where they are placed anew, and what a trim
// leaves. Measured for programs of six kinds (docs/inspect.md), the truth lay between.
struct Forecast {
  std::uint64_t least = 0, most = 0;
  std::uint64_t model = 0;  // between them, by how full the surroundings of each object are (fill/layout_model.h)
};

struct Verdict {
  Finding finding = Finding::unknown;
  std::vector<std::string> sentences;
  std::optional<Forecast> under_neap;  // empty under libneap itself, and where nothing is known
};

Verdict judge(const Look& look);

}  // namespace neap
