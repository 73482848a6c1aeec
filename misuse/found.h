// Misuse that a call finds. Either the checker finds it and ends the program, or libneap behind it finds it, tells the
// checker (include/neap/neap.h) and then ends the program.
#pragma once

#include <cstddef>

#include "format/misuse_log.h"

namespace neap::misuse {

[[gnu::cold]] void found_mismatch(const void* object, Call by);
[[gnu::cold]] void found_wrong_size(const void* object, Call by, std::size_t told);

// While an Ending lives, the calling thread is about to end the object. Its entry says already that it has ended, but
// what libneap finds of it meanwhile was found on a live object.
class Ending {
 public:
  explicit Ending(const void* object) { current = object; }
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;
  ~Ending() { current = nullptr; }

  [[gnu::tls_model("initial-exec"), gnu::visibility("hidden")]] static constinit thread_local const void* current;
};

// Checks every object that no call has checked yet. Called at the program's end.
void look_at_all();

}  // namespace neap::misuse
