// Discards: pages that are out for release, collected and then discarded by as few calls as the system allows. Where
// other threads run, each call interrupts their CPUs, which takes ten times as long as the rest of it
// (docs/decisions/039-discards-together.md).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/units.h"
#include "os/os.h"
#include "pages/page_heap.h"

namespace neap {

class Discards {
 public:
  void add(Aside& aside) {
    each_run(aside.pages, [&](std::uint32_t first, std::uint32_t length) {
      const PageMask pages = static_cast<PageMask>(((1u << length) - 1) << first);
      add({aside.block->address() + first * kPageSize, length * kPageSize}, {&aside, pages, nullptr});
    });
  }
  void add(Due& run) { add({run.block->address(), run.blocks * kBlockSize}, {nullptr, 0, &run}); }

  // Discards all that was added, and notes with each what the system refused.
  void make() {
    std::size_t done = count_ > 1 ? os::discard_together(ranges_, count_) : 0;
    if (done != 0) ++calls_;
    for (; done < count_; ++done) {
      ++calls_;
      if (!os::discard(ranges_[done].address, ranges_[done].size)) note_kept(parts_[done]);
    }
    count_ = 0;
  }

  std::uint64_t calls() const { return calls_; }

 private:
  static constexpr std::size_t kMost = 64;
  struct Part {  // what a range is of: some pages of `aside`, or the run
    Aside* aside;
    PageMask pages;
    Due* run;
  };

  void add(const os::Range& range, const Part& part) {
    if (count_ == kMost) make();
    ranges_[count_] = range;
    parts_[count_++] = part;
  }
  static void note_kept(const Part& part) {
    if (part.run != nullptr) {
      part.run->kept = true;
    } else {
      part.aside->kept = static_cast<PageMask>(part.aside->kept | part.pages);
    }
  }

  std::size_t count_ = 0;
  std::uint64_t calls_ = 0;
  os::Range ranges_[kMost];
  Part parts_[kMost];
};

}  // namespace neap
