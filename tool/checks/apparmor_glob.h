// AppArmor's patterns of paths: * within a name, ** across names, ? one character, [..] a set, {a,b} either.
#pragma once
#include <string_view>

namespace neap {

// The pattern has its variables expanded (apparmor_text.h).
bool fits_glob(std::string_view pattern, std::string_view path);

}  // namespace neap
