// Reads the bytes of .eh_frame: numbers, and the operations of frame programs (DWARF 5, 6.4.2 and 7.24).
#pragma once

#include <cstdint>
#include <cstring>

namespace neap::misuse {

// The operations that have a byte of their own.
enum Operation : unsigned char {
  kNothing = 0x00,
  kAdvance1 = 0x02,
  kAdvance2 = 0x03,
  kAdvance4 = 0x04,
  kSave = 0x05,
  kRestore = 0x06,
  kUndefined = 0x07,
  kSameValue = 0x08,
  kInRegister = 0x09,
  kRememberState = 0x0a,
  kRestoreState = 0x0b,
  kDefine = 0x0c,
  kDefineRegister = 0x0d,
  kDefineOffset = 0x0e,
  kDefineByExpression = 0x0f,
  kSaveByExpression = 0x10,
  kSaveSigned = 0x11,
  kDefineScaled = 0x12,
  kDefineOffsetScaled = 0x13,
  kValueOffset = 0x14,
  kValueOffsetSigned = 0x15,
  kValueByExpression = 0x16,
  kSignReturn = 0x2d,  // of AArch64: return addresses are signed from here on, or not any more
  kArgumentsSize = 0x2e,
};

class Bytes {
 public:
  Bytes(const unsigned char* at, const unsigned char* end) : at_(at), end_(end) {}
  bool is_over() const { return at_ >= end_; }
  const unsigned char* at() const { return at_; }
  void skip(std::uint64_t bytes) { at_ += bytes; }
  template <class Value>
  Value value() {
    Value read;
    std::memcpy(&read, at_, sizeof read);
    at_ += sizeof read;
    return read;
  }
  std::uint64_t uleb() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const unsigned char byte = *at_++;
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) break;
    }
    return value;
  }
  std::int64_t sleb() {
    std::uint64_t value = 0;
    unsigned shift = 0;
    unsigned char byte = 0x80;
    for (; shift < 64 && (byte & 0x80) != 0; shift += 7) {
      byte = *at_++;
      value |= std::uint64_t{byte & 0x7fu} << shift;
    }
    if (shift < 64 && (byte & 0x40) != 0) value |= ~std::uint64_t{0} << shift;
    return static_cast<std::int64_t>(value);
  }

 private:
  const unsigned char *at_, *end_;
};

}  // namespace neap::misuse
