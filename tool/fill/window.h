// Window: words of a stretch of memory; what is not resident reads as zeros. It reads a page at first, and more each
// time as long as one goes along: so a walk costs few reads, and a look here and there few bytes.
#pragma once
#include <algorithm>
#include <cstring>
#include <vector>

#include "tool/inspect/address_space.h"

namespace neap {

class Window {
 public:
  // Reads nothing outside of [start, end).
  Window(AddressSpace& space, std::uint64_t start, std::uint64_t end) : space_(space), start_(start), end_(end) {}

  // False outside of the stretch, or where it cannot be read.
  bool word(std::uint64_t address, std::uint64_t& word) {
    if (address < at_ || address + sizeof word > at_ + bytes_.size()) {
      if (!load(address)) return false;
    }
    std::memcpy(&word, bytes_.data() + (address - at_), sizeof word);
    return true;
  }
  void forget() { bytes_.clear(), at_ = 0, step_ = least; }  // what was read may be old
  std::uint64_t end() const { return end_; }

 private:
  static constexpr std::uint64_t least = 4096, most = 1 << 20;

  bool load(std::uint64_t address) {
    if (address < start_ || address >= end_ || end_ - address < sizeof(std::uint64_t)) return false;
    const std::uint64_t seen = at_ + bytes_.size();
    const bool along = address + sizeof(std::uint64_t) > seen && address < seen + step_;
    step_ = along ? std::min(2 * step_, most) : least;
    at_ = std::max(address & ~std::uint64_t{15}, start_);
    bytes_.resize(std::min(step_, end_ - at_));
    if (space_.read(at_, bytes_.data(), bytes_.size())) return true;
    forget();
    return false;
  }

  AddressSpace& space_;
  std::uint64_t start_, end_;
  std::uint64_t at_ = 0, step_ = least;
  std::vector<char> bytes_;
};

}  // namespace neap
