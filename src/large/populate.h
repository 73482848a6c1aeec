// Populate: makes the pages resident that an object lacks, by one call for each stretch of them instead of one fault
// for each page. Tell it the stretches that the object has already, from the lowest to the highest, and then finish.
#pragma once

#include <cstddef>

#include "base/units.h"
#include "os/os.h"

namespace neap {

class Populate {
 public:
  // Makes at most `most` pages of [begin, end) resident.
  Populate(char* begin, char* end, std::size_t most) : at_(begin), end_(end), left_(most) {}

  // The object has this stretch already. It lies above all that were told before.
  void has(char* begin, char* behind) {
    bring(begin < end_ ? begin : end_);
    if (behind > at_) at_ = behind;
  }
  // The object lacks all that lies behind the last stretch.
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
