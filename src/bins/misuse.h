// misuse: the end of a program that misused the heap. One line names what was done, then abort. Never returns, but a
// handler of SIGABRT may allocate, fork, exit or jump out of it: so whoever calls it under a lock leaves what the lock
// protects as it was before, or as it would be without the wrong call, and no lock is held any more when it ends.
#pragma once

#include <cstddef>

#include "base/line.h"
#include "neap/neap.h"
#include "os/mutex.h"
#include "os/os.h"

// Defined by the program, or by a library that was loaded before this one; otherwise null.
extern "C" [[gnu::weak, gnu::visibility("default")]] void neap_on_misuse(const struct neap_misuse* found);

namespace neap {

// The words a message begins with; tests and users' log filters rely on them. The last two are a hardened heap's.
enum class Misuse { double_free, invalid_pointer, interior_pointer, wrong_size, overflow, write_after_free };
static_assert(static_cast<int>(Misuse::write_after_free) == NEAP_MISUSE_WRITE_AFTER_FREE);

// The bytes that were written to and may not be, from the first to the last; null where they are not known.
struct Changed {
  const char* first = nullptr;
  std::size_t bytes = 0;
};

[[noreturn, gnu::cold, gnu::noinline]] inline void misuse(Misuse what, const char* function, const void* pointer,
                                                          const Line& explanation, const Changed& changed = {}) {
  Guard::abandon_all();
  if (neap_on_misuse != nullptr) {
    const struct neap_misuse found {
      static_cast<neap_misuse_kind>(what), function, pointer, changed.first, changed.bytes
    };
    neap_on_misuse(&found);
  }
  constexpr const char* kWords[] = {"double free", "invalid pointer", "interior pointer",
                                    "wrong size",  "overflow",        "write after free"};
  Line line;
  line.text("libneap: ").text(kWords[static_cast<int>(what)]).text(": ").text(function).text("(").pointer(pointer);
  line.text("): ").text(explanation.data(), explanation.size()).text("\n");
  os::print(line.data(), line.size());
  os::abort();
}

[[noreturn, gnu::cold, gnu::noinline]] inline void misuse(Misuse what, const char* function, const void* pointer,
                                                          const char* explanation) {
  Line line;
  misuse(what, function, pointer, line.text(explanation));
}

[[noreturn, gnu::cold, gnu::noinline]] inline void no_object_any_more(const void* pointer, const char* function) {
  misuse(Misuse::double_free, function, pointer, "no object lies there; it was freed already or never allocated");
}

}  // namespace neap
