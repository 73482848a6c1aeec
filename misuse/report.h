// What was found, put where whoever reads it finds it: into the log of `neap run --find-misuse`, or onto stderr.
#pragma once

#include <cstdint>
#include <span>

#include "format/misuse_log.h"
#include "misuse/objects.h"

namespace neap::misuse {

// Opens what the environment names. False when memory is out.
bool open_log();

// What a report is made of; it copies the rest of what is known.
struct Finding {
  Kind kind = Kind::bad_free;
  const char* call = "";  // that found it
  Access access = Access::none;
  std::uint64_t address = 0, bytes = 0;
  bool is_least = false;
  Known object{}, beside{};
  bool ends_with_call = false;  // the object was noted as freed by the very call that found it
  std::uint64_t leaked_bytes = 0, leaked_objects = 0;
  bool is_indirect = false;
};
// `here`: return addresses, innermost first, of the call that found it; none where no call did.
void report(const Finding& finding, std::span<const std::uint64_t> here);

std::uint32_t thread_number();

}  // namespace neap::misuse
