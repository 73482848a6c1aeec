#include "tool/fill/glibc_walk.h"

#include <unistd.h>

#include <algorithm>

namespace neap::glibc {
namespace {

constexpr std::uint64_t most_passed_over = 16 << 20;  // bytes, in the search for the next chunks
constexpr int most_tries = 20, tries_at_once = 3;
constexpr useconds_t pause_us = 50;

}  // namespace

Kind Idle::kind_of(std::uint64_t chunk, std::uint64_t size, std::uint64_t second_word) {
  if (!by_address.empty())
    if (const auto found = by_address.find(chunk); found != by_address.end()) return found->second;
  if (size < least_chunk) return Kind::used;
  if (key != 0) return second_word == key ? Kind::cached : Kind::used;
  if (!std::binary_search(keys.begin(), keys.end(), second_word)) return Kind::used;
  ++votes_[second_word];
  return Kind::cached;
}

Idle::Votes Idle::votes() const {
  Votes votes{0, votes_.size() > 1};
  std::uint64_t most = 0;
  for (const auto& [word, count] : votes_)
    if (count > most) most = count, votes.winner = word;
  return votes;
}

Walk::Walk(AddressSpace& space, const GlibcHeap& heap, const Extent& extent, Idle& idle, Patience& patience,
           const OnChunk& tell)
    : space_(space),
      top_at_(heap.arenas[extent.arena].state + heap.bins_offset - 16),
      extent_(extent),
      idle_(idle),
      patience_(patience),
      tell_(tell),
      window_(space, extent.start, extent.end),
      rules_{extent.end, heap.arenas[extent.arena].top, extent.arena != 0},
      at_(extent.start) {}

WalkResult Walk::run() {
  while (at_ < extent_.end && extent_.end - at_ >= header_bytes && step() == Step::on) {
  }
  return result_;
}

void Walk::tell_pending(bool used) {
  if (!pending_) return;
  const Pending& chunk = *pending_;
  tell_(chunk.address, chunk.size, used ? idle_.kind_of(chunk.address, chunk.size, chunk.second_word) : Kind::free);
  pending_.reset();
}

Walk::Step Walk::step() {
  std::uint64_t head = 0, second_word = 0;
  const bool readable = window_.word(at_ + 8, head);
  const bool is_top = at_ == rules_.top;
  const bool last = chunk_size(head) == 0 && pending_ && extent_.end - at_ <= least_chunk;
  if (readable && !is_top && (is_fence(head) || last)) return at_fence();
  if (!readable || (!is_top && !may_be_chunk(head, at_, rules_))) return at_bad_head();
  tell_pending((head & previous_used) != 0);
  tries_ = 0;
  const std::uint64_t size = std::min(chunk_size(head), extent_.end - at_);
  if (is_top) {
    tell_(at_, size, Kind::top);
    return Step::done;
  }
  if (!window_.word(at_ + 24, second_word)) second_word = 0;
  pending_ = {at_, size, second_word};
  at_ += size;
  return Step::on;
}

// The stretch ends here. In the main arena others may have moved the break: behind what is theirs it goes on.
Walk::Step Walk::at_fence() {
  std::uint64_t head = 0;
  window_.word(at_ + 8, head);
  tell_pending((head & previous_used) != 0);
  std::uint64_t next = extent_.end;
  if (!rules_.worker && at_ < rules_.top && rules_.top < extent_.end)
    next = find_chain(space_, at_ + 32, extent_.end, rules_, patience_);
  tell_(at_, next - at_, Kind::foreign);
  at_ = next;
  return at_ < extent_.end ? Step::on : Step::done;
}

Walk::Step Walk::at_bad_head() {
  if (!space_.is_still() && read_again()) return Step::on;
  tries_ = 0;
  return go_on_from(pending_ ? pending_->address : at_);
}

// It may have been caught while it changed, or have become part of a neighbour: then that one has to be read again too.
bool Walk::read_again() {
  if (patience_.rereads <= 0 || tries_ >= most_tries) return false;
  --patience_.rereads;
  if (++tries_ > tries_at_once) {
    if (pending_) at_ = pending_->address;
    pending_.reset();
    ::usleep(pause_us);
  }
  window_.forget();
  space_.read_word(top_at_, rules_.top);
  return true;
}

Walk::Step Walk::go_on_from(std::uint64_t from) {
  pending_.reset();
  const std::uint64_t limit = std::min(extent_.end, from + most_passed_over);
  const bool tired = patience_.resyncs <= 0;
  const std::uint64_t next = tired ? limit : find_chain(space_, from + least_chunk, limit, rules_, patience_);
  --patience_.resyncs;
  ++result_.resyncs;
  const bool found = next < limit && !tired;
  result_.lost += (found ? next : extent_.end) - from;
  at_ = next;
  return found ? Step::on : Step::done;
}

}  // namespace neap::glibc
