// What is found at a call: by the checker itself, which ends the program then, or by libneap behind it, which tells it
// before it does (include/neap/neap.h).
#pragma once

#include <cstddef>

#include "format/misuse_log.h"

namespace neap::misuse {

[[gnu::cold]] void found_mismatch(const void* object, Call by);
[[gnu::cold]] void found_wrong_size(const void* object, Call by, std::size_t told);

// While it lives, the calling thread is about to end the object: what libneap finds then of that one was found while it
// lived.
class Ending {
 public:
  explicit Ending(const void* object) { current = object; }
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;
  ~Ending() { current = nullptr; }

  [[gnu::tls_model("initial-exec"), gnu::visibility("hidden")]] static constinit thread_local const void* current;
};

// Looks at all that no call has looked at yet, at the program's end.
void look_at_all();

}  // namespace neap::misuse
