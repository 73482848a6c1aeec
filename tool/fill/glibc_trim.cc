#include "tool/fill/glibc_trim.h"

namespace neap::glibc {
namespace {

constexpr std::uint64_t chunk_fields = 48;  // of a free chunk, which stay

}  // namespace

void TrimSum::add(std::uint64_t address, std::uint64_t size, Kind kind) {
  if (address != end_) close(end_);
  end_ = address + size;
  if (kind == Kind::top) {
    add_top(run_ != 0 ? run_ : address, end_);
    run_ = 0;
  } else if (kind == Kind::free || kind == Kind::fast) {
    if (run_ == 0) run_ = address;
  } else {
    close(address);
  }
}

void TrimSum::close(std::uint64_t at) {
  if (run_ != 0) sum_.bytes += pages_.resident_pages_in(run_ + chunk_fields, at);
  run_ = 0;
}

void TrimSum::add_top(std::uint64_t from, std::uint64_t to) {
  if (!at_break_) {
    sum_.kept_tops += pages_.resident_pages_in(from, to);
    return;
  }
  const std::uint64_t size = to - from;
  if (size <= least_chunk + 1) return;
  const std::uint64_t extra = (size - least_chunk - 1) / page_size_ * page_size_;
  sum_.bytes += pages_.resident_pages_in(to - extra, to);
}

}  // namespace neap::glibc
