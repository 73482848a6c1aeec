// Reports: each goes into the log that `neap run --find-misuse` reads, or onto stderr where there is no log.
#pragma once

#include <cstdint>
#include <span>

#include "format/misuse_log.h"
#include "misuse/objects.h"

namespace neap::misuse {

// Opens the log that the environment names. False when memory is out.
bool open_log();
// Notes that leaks could not be looked for in this process.
void note_unsearched();

// What the finder says of a misuse. The report adds stacks, names and threads from the objects' entries.
struct Finding {
  Kind kind = Kind::bad_free;
  const char* call = "";  // the function that found it
  Access access = Access::none;
  std::uint64_t address = 0, bytes = 0;
  bool is_least = false;
  Known object{}, beside{};
  bool ends_with_call = false;  // the object was noted as freed by the very call that found it
  std::uint64_t leaked_bytes = 0, leaked_objects = 0;
  bool is_indirect = false;
};
// `here` holds the return addresses, innermost first, of the call that found it; it is empty when no call did.
void report(const Finding& finding, std::span<const std::uint64_t> here);

std::uint32_t thread_number();

// While a Turn is taken no other thread reports, because a thread that ends the program would cut the report short. It
// is not taken when the calling thread has it already: that happens when the checker itself faults.
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
