// For tests of large objects: a whole heap, and objects that are filled with a byte.
#pragma once

#include <gtest/gtest.h>

#include <cstring>

#include "rig.h"

namespace neap {

class LargeTest : public testing::Test {
 protected:
  static constexpr std::size_t kKiB = 1024;

  LargeTest() { rig_.keep_dirty_pages(); }  // nothing is released unless a test asks

  char* make(std::size_t size, int fill) {
    char* object = static_cast<char*>(rig_.allocate(nullptr, size));
    if (object != nullptr) std::memset(object, fill, size);
    return object;
  }
  static bool holds(const char* object, std::size_t from, std::size_t to, int fill) {
    for (std::size_t i = from; i < to; ++i) {
      if (object[i] != static_cast<char>(fill)) return false;
    }
    return true;
  }

  Rig rig_;
};

}  // namespace neap
