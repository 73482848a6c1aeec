// From what a user writes to an allocator that can be preloaded. Every verb with --allocator(s) comes through here.
//   NAME                     a row or preset of allocators/table.h
//   NAME:key=value[:...]     with the allocator's own settings
//   PATH.so                  any library by path
#pragma once
#include <string>
#include <vector>

#include "tool/model/allocator.h"

namespace neap {

// Throws UsageFailure (unknown name, bad setting) or Failure (known but not installed, with how to install it).
Allocator resolve_allocator(const std::string& written);
std::vector<Allocator> resolve_allocators(const std::vector<std::string>& written);

// "a,b,c" and repeated options as one list, in order, without empty parts.
std::vector<std::string> split_list(const std::vector<std::string>& written);

// Every row and preset of the table; `installed` is set, `loads` and `version` are not.
std::vector<AllocatorFacts> known_allocators();

// Where libraries are looked for, in this order: beside the executable, ../lib/<multiarch> and its folder neap (what
// belongs to the command alone), ../lib, the system's.
std::vector<std::string> library_folders();

// Absolute path of the first of neap's own files found there, empty when there is none. For libneap-trace.so and such.
std::string find_own_file(const std::string& name);

}  // namespace neap
