// TrimSum: what malloc_trim(0) would return. malloc_trim joins neighbouring free and fast chunks, and gives back the
// whole pages of each run from its 49th byte on. It also lowers the break, so that 33 bytes of the main arena's top
// stay. It leaves the tops of worker arenas alone.
#pragma once
#include "tool/fill/glibc_walk.h"
#include "tool/fill/piece_builder.h"

namespace neap::glibc {

// The sum of one extent. Its chunks are passed in the order of their addresses.
class TrimSum {
 public:
  // `at_break`: the arena's top lies below the break.
  TrimSum(const PieceBuilder& pages, bool at_break, std::uint64_t page_size)
      : pages_(pages), at_break_(at_break), page_size_(page_size) {}

  void add(std::uint64_t address, std::uint64_t size, Kind kind);
  void end() { close(end_); }
  const TrimForecast& sum() const { return sum_; }

 private:
  void close(std::uint64_t at);
  void add_top(std::uint64_t from, std::uint64_t to);

  const PieceBuilder& pages_;
  bool at_break_;
  std::uint64_t page_size_;
  std::uint64_t run_ = 0, end_ = 0;  // start of the open run, 0: none; end of the last chunk
  TrimForecast sum_;
};

}  // namespace neap::glibc
