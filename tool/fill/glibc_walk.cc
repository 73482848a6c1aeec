#include "tool/fill/glibc_walk.h"

#include <unistd.h>

#include <algorithm>
#include <array>

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

// The stretch ends here. In the main arena others may have moved the break; the arena then goes on behind their memory.
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
  if (is_out(at_ + 8)) return go_on(next_resident(at_ + 8), result_.unread);
  if (!space_.is_still() && read_again()) return Step::on;
  tries_ = 0;
  return go_on((pending_ ? pending_->address : at_) + least_chunk, result_.lost);
}

// True for a page that is swapped out, or absent from a core. In a running program an absent page was just given back.
bool Walk::is_out(std::uint64_t address) {
  std::uint8_t state = page_present;
  space_.read_pages(address / space_.page_size() * space_.page_size(), {&state, 1});
  return state == page_swapped || (state == page_absent && space_.is_still());
}

// The first address from there on whose page is resident; the extent's end where none is.
std::uint64_t Walk::next_resident(std::uint64_t address) {
  std::array<std::uint8_t, 512> states;
  const std::uint64_t size = space_.page_size();
  for (std::uint64_t page = address / size * size; page < extent_.end; page += states.size() * size) {
    space_.read_pages(page, states);
    const auto found = std::find(states.begin(), states.end(), page_present);
    if (found != states.end())
      return std::min(extent_.end, std::max(address, page + static_cast<std::uint64_t>(found - states.begin()) * size));
  }
  return extent_.end;
}

// Reads again: the chunk may have been caught while it changed, or have become part of its neighbour. In the latter
// case the neighbour has to be read again too.
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

// Goes on where chunks begin again. The chunk before is passed over too, as it may be what led astray.
Walk::Step Walk::go_on(std::uint64_t search_from, std::uint64_t& passed_over) {
  const std::uint64_t from = pending_ ? pending_->address : at_;
  pending_.reset();
  const std::uint64_t limit =
      search_from < extent_.end ? std::min(extent_.end, search_from + most_passed_over) : extent_.end;
  const bool tired = patience_.resyncs <= 0;
  const std::uint64_t next = tired ? limit : find_chain(space_, search_from, limit, rules_, patience_);
  --patience_.resyncs;
  ++result_.resyncs;
  const bool found = next < limit && !tired;
  at_ = found ? next : extent_.end;
  passed_over += at_ - from;
  tell_(from, at_ - from, Kind::passed_over);
  return found ? Step::on : Step::done;
}

}  // namespace neap::glibc
