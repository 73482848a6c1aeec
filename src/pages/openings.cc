// Which blocks of a chunk can be touched, and how many mappings that makes of them.
//
// A block is open when it can be touched. A mapping ends where an open block lies beside one that is not open, and at a
// seam: there two open blocks meet that the system will not join, because each had memory before what lay between them
// was opened. Where a closed run lies between two open blocks, the seam is noted at the upper one, and counts from the
// moment when the run is open. What a child of fork has inherited, the system joins with nothing that is opened later.
#include "os/os.h"
#include "pages/chunk.h"

namespace neap {

bool Chunk::has_open_place() {
  if (is_vacant()) return false;
  const std::size_t lowest = runs_.find(1, 1, 0);
  return lowest < count_ && is_open(lowest);
}

void Chunk::lay_guards() {
  if (spacing_ == kUnguarded) return;
  const std::size_t apart = spacing_ == kOwnGuards ? count_ : std::size_t{spacing_} + 1;
  for (std::size_t i = 0; i < count_; i += apart, ++never_taken_) runs_.take(i, 1);
}

// Whether one mapping ends below this block, and another begins.
bool Chunk::is_boundary(std::size_t index) const {
  if (index == 0 || index >= count_) return false;
  return is_open(index - 1) != is_open(index) || (is_open(index) && bits::test(seams_, index));
}

std::size_t Chunk::next_open(std::size_t from) const {
  return from < committed() ? bits::find(closed_, from, committed(), false) : committed();
}

void Chunk::set_seam(std::size_t index, bool is_one) {
  if (index >= committed()) return;
  is_one ? bits::set(seams_, index) : bits::clear_range(seams_, index, index + 1);
}

void Chunk::recount(std::size_t before, std::size_t after) {
  mapped_ += after - before;
  mappings_->add(after - before);
}

// Counts blocks that have become open, none of which was. What is opened becomes part of the mapping below it, if that
// is open; otherwise of the one above; otherwise it is a mapping of its own.
void Chunk::count_opened(std::size_t first, std::size_t end) {
  if (mappings_ == nullptr) return;
  const bool below = first > 0 && is_open(first - 1), above = end < count_ && is_open(end);
  const bool joins_above = above && !bits::test(inherited_, end);
  if (!below || bits::test(inherited_, first - 1)) {
    const std::size_t upper = next_open(end);
    set_seam(first, !joins_above || bits::test(seams_, end));
    set_seam(upper, !joins_above);
  }
  recount(std::size_t{below} + std::size_t{above}, std::size_t{is_boundary(first)} + std::size_t{is_boundary(end)});
}

// Closes blocks that are open. What lies on both sides of them was one mapping if there is no seam between.
void Chunk::close_open(std::size_t first, std::size_t end) {
  const std::size_t inside = bits::count(seams_, first + 1, end);
  const std::size_t before = inside + std::size_t{is_boundary(first)} + std::size_t{is_boundary(end)};
  const std::size_t upper = next_open(end);
  const bool differ = inside != 0 || bits::test(seams_, first) || (upper < committed() && bits::test(seams_, upper));
  bits::clear_range(seams_, first, end);
  bits::clear_range(inherited_, first, end);
  set_seam(upper, differ);
  bits::set_range(closed_, first, end);
  recount(before, std::size_t{is_boundary(first)} + std::size_t{is_boundary(end)});
}

void Chunk::close(std::size_t first, std::size_t count) {
  any_closed_ = true;
  if (mappings_ != nullptr) each_open(first, count, [&](std::size_t from, std::size_t to) { close_open(from, to); });
  bits::set_range(closed_, first, first + count);
}

void Chunk::forget_mappings() {
  if (mappings_ == nullptr) return;
  recount(mapped_, 0);
  bits::clear_range(seams_, 0, count_);
  bits::clear_range(inherited_, 0, count_);
}

void Chunk::inherit() {
  if (mappings_ == nullptr) return;
  each_open(0, committed(), [&](std::size_t from, std::size_t to) { bits::set_range(inherited_, from, to); });
}

// Commits again those of the blocks [first, first + count) that are closed.
bool Chunk::reopen(std::size_t first, std::size_t count) {
  if (!any_closed_) return true;
  for (std::size_t at = first, end = first + count; at < end;) {
    std::size_t begin = bits::find(closed_, at, end, true);
    at = bits::find(closed_, begin, end, false);
    if (begin == at) break;
    if (mappings_ != nullptr && spacing_ == kUnguarded && !mappings_->has_room()) widen(begin, at);
    if (!os::commit(address_of_block(begin), (at - begin) * kBlockSize)) return false;
    bits::clear_range(closed_, begin, at);
    count_opened(begin, at);
  }
  return true;
}

// Where no mappings are left, what is opened has to become part of one: what is closed right below is opened too, or,
// where that does not help, the whole closed run.
void Chunk::widen(std::size_t& begin, std::size_t& end) const {
  const std::size_t above = next_open(begin);
  begin = bits::find_last(closed_, 0, begin, false);
  const bool joins = begin > 0 && !bits::test(inherited_, begin - 1);
  if (!joins && end < above) end = above;
}

// (Slabs that share their guards are opened together, so that they are one mapping.)
bool Chunk::make_usable(std::size_t first, std::size_t count, Accounts& accounts) {
  if (spacing_ > kOwnGuards) {
    const std::size_t apart = std::size_t{spacing_} + 1, begin = first / apart * apart + 1;
    const std::size_t end = begin + spacing_ < count_ ? begin + spacing_ : count_;
    return commit(end, accounts) && reopen(begin, end - begin);
  }
  return commit(first + count, accounts) && reopen(first, count);
}

}  // namespace neap
