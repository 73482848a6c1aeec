// Which ranges are mapped: a table of fixed size, since it is kept while memory is refused. Thread-safe, but for a fork
// in the middle of a change: children do not ask.
#ifndef NEAP_TESTS_TORTURE_MAPPED_H
#define NEAP_TESTS_TORTURE_MAPPED_H

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace refuse {

class Mapped {
 public:
  void add(std::uintptr_t begin, std::size_t size) {
    const Turn turn(taken_);
    insert({begin, begin + size, false});
  }

  void remove(std::uintptr_t begin, std::size_t size) {
    const Turn turn(taken_);
    const std::uintptr_t end = begin + size;
    for (std::size_t i = count_; i-- > 0;) {
      const Range range = ranges_[i];
      if (range.end <= begin || end <= range.begin) continue;
      ranges_[i] = ranges_[--count_];
      if (range.begin < begin) insert({range.begin, begin, range.has_objects});
      if (end < range.end) insert({end, range.end, range.has_objects});
    }
  }

  // That an object lies, or lay, in the range around it.
  void note_object(std::uintptr_t address) {
    const Turn turn(taken_);
    for (std::size_t i = 0; i < count_; ++i) {
      if (ranges_[i].begin <= address && address < ranges_[i].end) ranges_[i].has_objects = true;
    }
  }

  // Of the ranges with objects, not of what an allocator keeps for itself elsewhere.
  std::size_t resident_bytes() {
    const Turn turn(taken_);
    const int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (pagemap < 0) std::abort();
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    std::size_t pages = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      if (ranges_[i].has_objects) pages += resident_pages(pagemap, page, ranges_[i]);
    }
    close(pagemap);
    return pages * page;
  }

 private:
  struct Range {
    std::uintptr_t begin, end;
    bool has_objects;
  };
  class Turn {
   public:
    explicit Turn(std::atomic<bool>& taken) : taken_(taken) {
      while (taken_.exchange(true, std::memory_order_acquire)) {
      }
    }
    ~Turn() { taken_.store(false, std::memory_order_release); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    std::atomic<bool>& taken_;
  };

  void insert(Range range) {
    if (count_ == ranges_.size()) std::abort();
    ranges_[count_++] = range;
  }

  // A page of zeros that many share, as one gets by reading, is not counted.
  static std::size_t resident_pages(int pagemap, std::size_t page, Range range) {
    constexpr std::uint64_t present = std::uint64_t{1} << 63, swapped = std::uint64_t{1} << 62,
                            exclusive = std::uint64_t{1} << 56;
    std::array<std::uint64_t, 1024> pages;
    std::size_t sum = 0;
    for (std::uintptr_t at = range.begin; at < range.end; at += pages.size() * page) {
      const ssize_t got = pread(pagemap, pages.data(), sizeof pages, static_cast<off_t>(at / page * sizeof pages[0]));
      if (got <= 0) std::abort();
      const std::size_t told = static_cast<std::size_t>(got) / sizeof pages[0], left = (range.end - at) / page;
      for (std::size_t i = 0; i < told && i < left; ++i)
        sum += (pages[i] & swapped) != 0 || ((pages[i] & present) != 0 && (pages[i] & exclusive) != 0);
    }
    return sum;
  }

  std::atomic<bool> taken_{false};
  std::size_t count_ = 0;
  std::array<Range, 1024> ranges_{};
};

}  // namespace refuse

#endif
