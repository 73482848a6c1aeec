// BlockReader: which blocks of a mimalloc page are free, by following the page's lists through them.
#pragma once
#include "tool/fill/mimalloc_pages.h"

namespace neap::mimalloc {

struct Blocks {
  std::uint64_t start = 0;     // of the first one
  std::vector<bool> free;      // by number, as many as were ever made
  std::uint64_t doubtful = 0;  // blocks that the count of used ones tells and no list does, or the other way round
};

class BlockReader {
 public:
  // `pages`: all of the heap, of which it learns where blocks begin in this version.
  BlockReader(AddressSpace& space, const std::vector<Page>& pages);
  Blocks read(const Page& page);

 private:
  bool next(const Page& page, std::uint64_t block, std::uint64_t& link);
  std::uint64_t decoded(std::uint64_t link, const Page& page) const;
  bool follow_all(const Page& page, Blocks& blocks);
  bool follow(const Page& page, std::uint64_t first, Blocks& blocks, std::uint64_t& count);

  AddressSpace& space_;
  std::vector<char> bytes_;  // of the page, where blocks are small
  enum class Links : std::uint8_t { plain, encoded, encoded_later } links_ = Links::plain;  // of this program
  std::size_t rule_ = 0;  // for the first block, in versions that do not say
};

}  // namespace neap::mimalloc
