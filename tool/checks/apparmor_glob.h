// AppArmor's patterns of paths: * within a name, ** across names, ? one character, [..] a set, {a,b} either.
#pragma once
#include <string_view>

namespace neap {

// "@{multiarch}" stands for any folder of that kind; a pattern with another variable fits nothing.
bool fits_glob(std::string_view pattern, std::string_view path);

}  // namespace neap
