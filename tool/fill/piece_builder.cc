#include "tool/fill/piece_builder.h"

#include <algorithm>

namespace neap {

PieceBuilder::PieceBuilder(AddressSpace& space, std::uint64_t start, std::uint64_t end, std::uint32_t arena,
                           PieceKind kind)
    : page_size_(space.page_size()) {
  piece_.start = start / page_size_ * page_size_;
  piece_.arena = arena;
  piece_.kind = kind;
  const std::uint64_t count = end <= start ? 0 : (end - piece_.start + page_size_ - 1) / page_size_;
  std::vector<std::uint8_t> states(count);
  space.read_pages(piece_.start, states);
  piece_.pages.resize(count);
  for (std::size_t i = 0; i < count; ++i) piece_.pages[i].state = states[i];
}

void PieceBuilder::add_live(std::uint64_t address, std::uint64_t size) {
  const std::uint64_t limit = piece_.start + piece_.pages.size() * page_size_;
  std::uint64_t at = std::max(address, piece_.start);
  const std::uint64_t end = std::min(address + size, limit);
  while (at < end) {
    const std::size_t page = (at - piece_.start) / page_size_;
    const std::uint64_t next = std::min(end, piece_.start + (page + 1) * page_size_);
    piece_.pages[page].live += static_cast<std::uint32_t>(next - at);
    if (piece_.pages[page].objects != UINT16_MAX) ++piece_.pages[page].objects;
    at = next;
  }
}

std::uint64_t PieceBuilder::resident() const {
  return page_size_ * static_cast<std::uint64_t>(std::count_if(piece_.pages.begin(), piece_.pages.end(),
                                                               [](auto& page) { return page.state == page_present; }));
}

std::uint64_t PieceBuilder::resident_pages_in(std::uint64_t from, std::uint64_t to) const {
  std::uint64_t bytes = 0;
  const std::uint64_t first = std::max(from, piece_.start);
  for (std::uint64_t at = (first + page_size_ - 1) / page_size_ * page_size_; at + page_size_ <= to; at += page_size_) {
    const std::size_t page = (at - piece_.start) / page_size_;
    if (page >= piece_.pages.size()) break;
    if (piece_.pages[page].state == page_present) bytes += page_size_;
  }
  return bytes;
}

}  // namespace neap
