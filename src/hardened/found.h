// How a program ends in which a changed object was found: the line names the object, its size, and what was seen.
#pragma once

#include <cstddef>

#include "bins/misuse.h"
#include "hardened/zeros.h"

namespace neap {

[[noreturn, gnu::cold, gnu::noinline]] inline void found_overflow(const char* function, const void* object,
                                                                  std::size_t size, const char* where,
                                                                  const Changed& changed) {
  Line line;
  line.text("an object of ").number(size).text(" bytes, and memory ").text(where).text(" was written to");
  misuse(Misuse::overflow, function, object, line, changed);
}

// `object` was freed before, and may be another than the one that `function` was called for.
[[noreturn, gnu::cold, gnu::noinline]] inline void found_written(const char* function, const void* object,
                                                                 std::size_t size, std::size_t at) {
  Line line;
  line.text("an object of up to ").number(size).text(" bytes that was freed before, and written to since, at byte ");
  misuse(Misuse::write_after_free, function, object, line.number(at), written_among(object, size));
}

}  // namespace neap
