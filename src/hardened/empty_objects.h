// EmptyObjects: what malloc(0) gives in a hardened heap: addresses in a range that nothing can read or write. An
// address belongs to the program until it is freed, and is given again only after all others were.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bits.h"
#include "base/units.h"
#include "os/guarded.h"
#include "os/mutex.h"

namespace neap {

class EmptyObjects {
 public:
  static constexpr std::size_t kApart = 16, kCount = std::size_t{1} << 18;

  // False when memory is out.
  bool open() {
    constexpr std::size_t kBits = kCount / 8;
    begin_ = static_cast<char*>(os::reserve(kCount * kApart, os::page_size));
    void* const used = os::reserve_guarded(round_up(kBits, os::page_size));
    if (begin_ == nullptr || used == nullptr || !os::commit(used, round_up(kBits, os::page_size))) return false;
    used_ = static_cast<bits::Word*>(used);
    return true;
  }
  bool is_open() const { return used_ != nullptr; }
  bool holds(const void* pointer) const {
    return address_of(pointer) - address_of(begin_) < kCount * kApart && is_open();
  }

  // Gives an address that is free; null when all are in use.
  void* take() {
    const Guard guard(lock_);
    std::size_t index = bits::find(used_, next_, kCount, false);
    if (index == kCount) index = bits::find(used_, 0, next_, false);
    if (bits::test(used_, index)) return nullptr;
    bits::set(used_, index);
    next_ = index + 1 < kCount ? index + 1 : 0;
    return begin_ + index * kApart;
  }

  bool is_live(const void* pointer) {
    const Guard guard(lock_);
    const std::size_t offset = address_of(pointer) - address_of(begin_);
    return offset % kApart == 0 && bits::test(used_, offset / kApart);
  }
  // Ends an object. False when it is not in use.
  bool give(const void* pointer) {
    const Guard guard(lock_);
    const std::size_t offset = address_of(pointer) - address_of(begin_), index = offset / kApart;
    if (offset % kApart != 0 || !bits::test(used_, index)) return false;
    bits::clear_range(used_, index, index + 1);
    return true;
  }

  Mutex& lock() { return lock_; }

 private:
  Mutex lock_;
  char* begin_ = nullptr;
  bits::Word* used_ = nullptr;
  std::size_t next_ = 0;
};

}  // namespace neap
