// ProtobufMessage: writes the wire format of Protocol Buffers, as much of it as a profile needs.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace neap {

class ProtobufMessage {
 public:
  ProtobufMessage& number(std::uint32_t field, std::uint64_t value) {
    varint(std::uint64_t{field} << 3);
    varint(value);
    return *this;
  }
  ProtobufMessage& bytes(std::uint32_t field, const std::string& value) {
    varint(std::uint64_t{field} << 3 | 2);
    varint(value.size());
    text_ += value;
    return *this;
  }
  ProtobufMessage& message(std::uint32_t field, const ProtobufMessage& value) { return bytes(field, value.text_); }
  ProtobufMessage& numbers(std::uint32_t field, const std::vector<std::uint64_t>& values) {
    ProtobufMessage packed;
    for (const std::uint64_t value : values) packed.varint(value);
    return message(field, packed);
  }
  const std::string& text() const { return text_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) text_ += static_cast<char>(value | 0x80);
    text_ += static_cast<char>(value);
  }
  std::string text_;
};

}  // namespace neap
