// Allocator: one malloc as the tool can put it under a program. Filled by tool/allocators, read by every verb.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace neap {

struct Allocator {
  std::string label;    // as the user named it: "jemalloc", "libc:arena_max=1"
  std::string name;     // table name ("libc"), or the file name of a .so by path
  std::string library;  // absolute path to preload; empty: nothing to preload
  std::vector<std::pair<std::string, std::string>> environment;  // set for the program, beside LD_PRELOAD
  std::string checker = {};                                      // what is preloaded before it; empty: nothing
  bool is_libc() const { return name == "libc"; }
  bool is_neap() const { return name == "neap"; }
};

// What can be told about an allocator on this machine: a row of `neap allocators`.
struct AllocatorFacts {
  Allocator allocator;
  bool installed = false;
  bool loads = false;                       // a process started under it and its malloc came from the library
  std::string version;                      // as the library tells it, else empty
  std::string about;                        // one line of help
  std::string install;                      // how to get it where it is missing
  std::vector<std::string> variables = {};  // of the environment that steer it: "NAME", "PREFIX*"
};

}  // namespace neap
