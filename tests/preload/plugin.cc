// A C++ plugin for a C program: static objects, exceptions, and a bad_alloc that has to be its own libstdc++'s.
#include <map>
#include <new>
#include <string>

#include "expect.h"

namespace {
std::map<int, std::string> names;
const bool filled = [] {
  for (int i = 0; i < 1000; ++i) names[i] = std::string(static_cast<std::size_t>(i % 50), 'x');
  return true;
}();
}  // namespace

extern "C" int plugin_size() { return filled ? static_cast<int>(names.size()) : -1; }

extern "C" int plugin_catches_bad_alloc() {
  try {
    opaque(::operator new(opaque_size(PTRDIFF_MAX)));
  } catch (const std::bad_alloc&) {
    return 1;
  }
  return 0;
}

extern "C" char* plugin_makes_text() { return new char[100]{"made in the plugin"}; }
extern "C" void plugin_takes_text(char* text) { delete[] text; }
