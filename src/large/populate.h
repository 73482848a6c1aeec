// Populate: brings the pages that an object lacks, by a call for each stretch of them instead of a fault for each page.
#pragma once

#include <cstddef>

#include "base/units.h"
#include "os/os.h"

namespace neap {

class Populate {
 public:
  // At most `most` pages of [begin, end).
  Populate(char* begin, char* end, std::size_t most) : at_(begin), end_(end), left_(most) {}

  // The object has this stretch, which lies above those told before.
  void has(char* begin, char* behind) {
    bring(begin < end_ ? begin : end_);
    if (behind > at_) at_ = behind;
  }
  // It lacks all that lies behind.
  void finish() { bring(end_); }

  std::size_t pages() const { return brought_; }

 private:
  void bring(char* to) {
    if (to <= at_ || left_ == 0) return;
    const std::size_t lacks = static_cast<std::size_t>(to - at_) >> kPageShift, pages = lacks < left_ ? lacks : left_;
    if (os::populate(at_, pages << kPageShift)) {
      brought_ += pages;
      left_ -= pages;
    } else {
      left_ = 0;
    }
  }

  char *at_, *end_;
  std::size_t left_, brought_ = 0;  // pages
};

}  // namespace neap
