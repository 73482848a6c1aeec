// A line of text built without memory: for messages of a library that is the memory. Fixed size; what does not fit is
// cut.
#pragma once

#include <cstddef>
#include <cstdint>

namespace neap {

class Line {
 public:
  Line& text(const char* s) {
    while (*s != '\0') put(*s++);
    return *this;
  }
  Line& text(const char* s, std::size_t length) {
    for (std::size_t i = 0; i < length; ++i) put(s[i]);
    return *this;
  }
  Line& number(std::uint64_t value) { return digits(value, 10); }
  Line& pointer(const void* p) { return text("0x").digits(reinterpret_cast<std::uintptr_t>(p), 16); }

  const char* data() const { return buffer_; }
  std::size_t size() const { return size_; }

 private:
  void put(char c) {
    if (size_ < sizeof buffer_) buffer_[size_++] = c;
  }
  Line& digits(std::uint64_t value, unsigned base) {
    char reversed[20];
    int n = 0;
    do {
      reversed[n++] = "0123456789abcdef"[value % base];
      value /= base;
    } while (value != 0);
    while (n > 0) put(reversed[--n]);
    return *this;
  }

  char buffer_[512];
  std::size_t size_ = 0;
};

}  // namespace neap
