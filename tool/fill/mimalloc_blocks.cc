#include "tool/fill/mimalloc_blocks.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace neap::mimalloc {
namespace {

constexpr std::uint64_t read_alone = 1024;  // blocks from so many bytes on: their links are read one by one

// Versions before 2.1.4 do not say where a page's first block is, but each had a rule by the size of blocks.
using Rule = std::uint64_t (*)(std::uint64_t block);
constexpr Rule rules[] = {
    [](std::uint64_t block) -> std::uint64_t { return block <= 1024 ? 384 : 0; },  // 2.0.9
    [](std::uint64_t block) -> std::uint64_t { return block <= 64    ? 3 * block
                                                      : block <= 512 ? block
                                                                     : 0; },  // 2.1
    [](std::uint64_t block) -> std::uint64_t { return block <= 1024 ? 128 : 0; },                             // 2.0.7
};

// Whether a page with blocks from there on has room for as many as it says, and its free blocks at whole numbers.
bool agrees(const Page& page, std::uint64_t start) {
  if (page.reserved != (page.area_end - start) / page.block_bytes) return false;
  return std::all_of(page.lists.begin(), page.lists.end(), [&](std::uint64_t free) {
    return free == 0 || (free >= start && (free - start) % page.block_bytes == 0);
  });
}

std::size_t learn_rule(const std::vector<Page>& pages) {
  std::array<std::uint64_t, std::size(rules)> votes{};
  for (const Page& page : pages)
    for (std::size_t i = 0; page.start == 0 && i < votes.size(); ++i)
      if (agrees(page, page.area + rules[i](page.block_bytes))) ++votes[i];
  return static_cast<std::size_t>(std::max_element(votes.begin(), votes.end()) - votes.begin());
}

}  // namespace

BlockReader::BlockReader(AddressSpace& space, const std::vector<Page>& pages)
    : space_(space), rule_(learn_rule(pages)) {}

// How builds with encoded lists write a link; the page's own address stands for the end.
std::uint64_t BlockReader::decoded(std::uint64_t link, const Page& page) const {
  // A block whose page of the system was taken back reads as zeros: the end, in both ways of writing.
  if (links_ == Links::plain || link == 0) return link;
  const std::size_t first = links_ == Links::encoded ? 0 : 1;
  const std::uint64_t shift = page.keys[first], mask = page.keys[first + 1];
  const std::uint64_t plain = std::rotr(link - shift, static_cast<int>(shift % 64)) ^ mask;
  return plain == page.head ? 0 : plain;
}

bool BlockReader::next(const Page& page, std::uint64_t block, std::uint64_t& link) {
  if (page.block_bytes >= read_alone || bytes_.empty()) return space_.read_word(block, link);
  std::memcpy(&link, &bytes_[block - page.area], sizeof link);
  return true;
}

// False where the list leads out of the page or into a ring.
bool BlockReader::follow(const Page& page, std::uint64_t first, Blocks& blocks, std::uint64_t& count) {
  for (std::uint64_t at = first; at != 0;) {
    if (at < blocks.start || (at - blocks.start) % page.block_bytes != 0) return false;
    const std::uint64_t number = (at - blocks.start) / page.block_bytes;
    if (number >= blocks.free.size() || blocks.free[number]) return false;
    blocks.free[number] = true;
    ++count;
    std::uint64_t link = 0;
    if (!next(page, at, link)) return false;
    at = decoded(link, page);
  }
  return true;
}

// True when the lists lead to as many blocks as the page says are free.
bool BlockReader::follow_all(const Page& page, Blocks& blocks) {
  const std::size_t made = blocks.free.size();
  blocks.free.assign(made, false);
  std::uint64_t own = 0, others = 0;
  bool good = follow(page, page.lists[0], blocks, own);
  good = follow(page, page.lists[1], blocks, own) && good;
  good = follow(page, page.lists[2], blocks, others) && good;
  const std::uint64_t used = made - std::min<std::uint64_t>(made, own);
  blocks.doubtful = used > page.used ? used - page.used : page.used - used;
  return good && blocks.doubtful == 0;
}

Blocks BlockReader::read(const Page& page) {
  Blocks blocks;
  blocks.start = page.start != 0 ? page.start : page.area + rules[rule_](page.block_bytes);
  const std::uint64_t room = page.area_end > blocks.start ? page.area_end - blocks.start : 0;
  const std::uint64_t made = std::min<std::uint64_t>(page.capacity, room / page.block_bytes);
  blocks.free.resize(made);
  bytes_.clear();
  if (page.block_bytes < read_alone) {
    bytes_.resize(blocks.start - page.area + made * page.block_bytes + 8);
    if (!space_.read(page.area, bytes_.data(), bytes_.size() - 8)) bytes_.clear();
  }
  if (follow_all(page, blocks)) return blocks;
  const Links usual = links_;
  for (const Links links : {Links::plain, Links::encoded, Links::encoded_later}) {
    links_ = links;
    if (links != usual && follow_all(page, blocks)) return blocks;
  }
  links_ = usual;
  follow_all(page, blocks);  // the blocks as far as the lists tell them
  return blocks;
}

}  // namespace neap::mimalloc
