// What was found, put where whoever reads it finds it: into the log of `neap run --find-misuse`, or onto stderr.
#pragma once

#include <cstdint>
#include <span>

#include "format/misuse_log.h"
#include "misuse/objects.h"

namespace neap::misuse {

// Opens what the environment names. False when memory is out.
bool open_log();
// Leaks cannot be looked for in this process.
void note_unsearched();

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

// While it lives no other thread reports: one that ended the program meanwhile would cut the report short. Not taken
// where the thread has it already, as it has when the checker itself faults.
class Turn {
 public:
  Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn();
  bool is_taken() const { return is_taken_; }

 private:
  bool is_taken_;
};

}  // namespace neap::misuse
