// Window: words of a stretch of memory, read many at a time; what is not resident reads as zeros.
#pragma once
#include <cstring>
#include <vector>

#include "tool/inspect/address_space.h"

namespace neap {

class Window {
 public:
  static constexpr std::uint64_t wide = 1 << 20, narrow = 4096;  // to go along; to look here and there

  // Reads nothing outside of [start, end).
  Window(AddressSpace& space, std::uint64_t start, std::uint64_t end, std::uint64_t bytes = wide)
      : space_(space), start_(start), end_(end), most_(bytes) {}

  // False outside of the stretch, or where it cannot be read.
  bool word(std::uint64_t address, std::uint64_t& word) {
    if (address < at_ || address + sizeof word > at_ + bytes_.size()) {
      if (!load(address)) return false;
    }
    std::memcpy(&word, bytes_.data() + (address - at_), sizeof word);
    return true;
  }
  void forget() { bytes_.clear(), at_ = 0; }  // what was read may be old
  std::uint64_t end() const { return end_; }
  AddressSpace& space() const { return space_; }

 private:
  bool load(std::uint64_t address) {
    if (address < start_ || address >= end_ || end_ - address < sizeof(std::uint64_t)) return false;
    const std::uint64_t from = address & ~std::uint64_t{15};
    at_ = from < start_ ? start_ : from;
    bytes_.resize(end_ - at_ < most_ ? end_ - at_ : most_);
    if (space_.read(at_, bytes_.data(), bytes_.size())) return true;
    forget();
    return false;
  }

  AddressSpace& space_;
  std::uint64_t start_, end_, most_;
  std::uint64_t at_ = 0;
  std::vector<char> bytes_;
};

}  // namespace neap
