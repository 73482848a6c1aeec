// PieceBuilder: makes one HeapPiece of the objects that a reader meets, in whatever order.
#pragma once
#include "tool/fill/heap_fill.h"

namespace neap {

class PieceBuilder {
 public:
  // The pages that [start, end) touches; their states are read at once.
  PieceBuilder(AddressSpace& space, std::uint64_t start, std::uint64_t end, std::uint32_t arena = 0,
               PieceKind kind = PieceKind::small);

  // Parts of the object outside of the piece are left out.
  void add_live(std::uint64_t address, std::uint64_t size);
  const std::vector<PageFill>& pages() const { return piece_.pages; }
  std::uint64_t start() const { return piece_.start; }
  std::uint64_t resident() const;
  // Resident bytes of the whole pages in [from, to).
  std::uint64_t resident_pages_in(std::uint64_t from, std::uint64_t to) const;
  HeapPiece take() { return std::move(piece_); }

 private:
  std::uint64_t page_size_;
  HeapPiece piece_;
};

}  // namespace neap
