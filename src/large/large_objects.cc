#include "large/large_objects.h"

#include <algorithm>
#include <cstring>

#include "large/populate.h"
#include "os/os.h"

namespace neap {
namespace {

// A copy releases its source in steps of this size, so that both are never resident whole.
constexpr std::size_t kCopyStep = std::size_t{1} << 18;

// An object that moves gets this many times the address space that it needs. The more it gets, the less is copied of
// what it grows to in the end. An object that has grown large may well be what the program is about, and address space
// is free.
constexpr std::size_t kHeadroom = 8;
constexpr std::size_t kMuchHeadroom = 256, kFromSize = std::size_t{4} << 20;
constexpr std::size_t kMaxHeadroom = (std::size_t{64} << 30) / kBlockSize;

// How many pages of an object are populated at once, of those that it lacks: 1 MiB, or a quarter of a larger object,
// but at most 4 MiB. Each takes half a microsecond.
constexpr std::size_t kMinPopulated = 256, kPopulatedShare = 4, kMaxPopulated = 1024;

// The most objects that may have huge pages at a time. Each is a mapping of its own, so that there are two mappings
// more.
constexpr std::uint64_t kMaxHugeObjects = 2048;

std::size_t align_in_blocks(std::size_t align) { return align <= kBlockSize ? 1 : align >> kBlockShift; }

// The blocks that a moving object asks for. Where address space or commitments are limited, headroom would be missed
// elsewhere; where pages are locked, it would become resident with the commitment of what lies behind it.
std::size_t with_headroom(std::size_t blocks) {
  if (os::address_space_limit() != SIZE_MAX || os::counts_commits() || os::locks_pages()) return blocks;
  const std::size_t wish = blocks * (blocks * kBlockSize < kFromSize ? kHeadroom : kMuchHeadroom);
  const std::size_t most = blocks * 2 > kMaxHeadroom ? blocks * 2 : kMaxHeadroom;
  return wish < most ? wish : most;
}

// Makes pages zero that lie outside of objects and that nobody counts as dirty.
void make_zero(PageHeap& heap, char* pages, std::size_t size) {
  if (os::discard(pages, size)) return;
  std::memset(pages, 0, size);
  heap.note_refusal();
}

std::size_t most_populated(std::size_t pages) {
  return std::clamp(pages / kPopulatedShare / kPagesPerBlock * kPagesPerBlock, kMinPopulated, kMaxPopulated);
}

// Makes that part of some garbage zero which lies behind an object's end.
void make_zero_behind(PageHeap& heap, char* end, char* garbage, char* garbage_end) {
  char* const from = garbage < end ? end : garbage;
  if (from < garbage_end) make_zero(heap, from, static_cast<std::size_t>(garbage_end - from));
}

// Copies `size` bytes, and discards what was copied as it goes, to the end of the last block. True when nothing of the
// source is resident afterwards.
bool copy_and_discard(char* from, char* to, std::size_t size) {
  bool clean = true;
  for (std::size_t at = 0; at < size; at += kCopyStep) {
    const std::size_t step = size - at < kCopyStep ? size - at : kCopyStep;
    std::memcpy(to + at, from + at, step);
    clean = os::discard(from + at, round_up(step, kBlockSize)) && clean;
  }
  return clean;
}

}  // namespace

// An object whose pages could stay within the slack gets no huge pages, because a huge page does not go back in parts.
bool LargeObjects::wants_huge_pages(std::size_t pages, Density::Like like) const {
  return like.dense && pages >= kPagesPerHugePage && options_.huge_pages != 0 && pages > limits_.slack() &&
         !limits_.is_near() && huge_objects_.get() < kMaxHugeObjects;
}

// Asks for huge pages where they lie wholly inside the object.
void LargeObjects::lay_huge_pages(Block& first) {
  os::allow_huge_pages(first.address(), first.large.pages / kPagesPerHugePage * kHugePageSize);
  first.large.huge = true;
  huge_objects_.add(1);
}

void LargeObjects::forget_huge_pages(Block& first) {
  if (!first.large.huge) return;
  os::forbid_huge_pages(first.address(), first.large.blocks * kBlockSize);
  first.large.huge = false;
  huge_objects_.subtract(1);
}

void* LargeObjects::allocate(std::size_t size, std::size_t align, bool zero) {
  const std::size_t pages = pages_for(size == 0 ? 1 : size);
  if (Block* spare = pages_.take_spare(align_in_blocks(align), pages)) {
    if (zero) std::memset(spare->address(), 0, pages * kPageSize);
    return spare->address();
  }
  return allocate_run(pages, align, zero, blocks_of(pages * kPageSize));
}

// Makes an object of a run that has `blocks` blocks of address space.
char* LargeObjects::allocate_run(std::size_t pages, std::size_t align, bool zero, std::size_t blocks) {
  const Density::Like like = density_.like(pages);
  const bool huge = wants_huge_pages(pages, like), populates = like.whole && !huge && limits_.slack() != 0;
  if (huge && align < kHugePageSize) align = kHugePageSize;
  const PageHeap::Run run = pages_.take_run(blocks, align_in_blocks(align), pages);
  if (run.first == nullptr) return nullptr;
  if (huge) lay_huge_pages(*run.first);
  char* begin = run.first->address();
  char* end = begin + pages * kPageSize;
  Populate populate(begin, end, populates ? most_populated(pages) : 0);
  pages_.forget_dirty(run, [&](char* garbage, std::size_t bytes) {
    char* const behind = garbage + bytes;
    populate.has(garbage, behind);
    if (zero && garbage < end)
      std::memset(garbage, 0, static_cast<std::size_t>((behind < end ? behind : end) - garbage));
    make_zero_behind(pages_, end, garbage, behind);
  });
  populate.finish();
  run.first->large.had += populate.pages();
  if (pages_.hardening().guards) pages_.guard_run(*run.first);
  board_.publish_pages();
  return begin;
}

void LargeObjects::free(Block& first) {
  if (pages_.hardening().ends) return end(first);
  const std::uint64_t pages = first.large.pages;
  const Left left = pages <= Spares::kMaxPages && release_.may_keep(pages) ? Left::all : discard_if_much(first);
  if (left == Left::all && pages_.keep_spare(first)) return;  // the board learns of spares later
  pages_.free_run(first, left);
  if (left != Left::all || limits_.slack() != 0) release_.judge();
  board_.publish_pages();
}

// Pages that exceed the limit by themselves would be the first to go anyway. A huge page does not go in parts.
Left LargeObjects::discard_if_much(Block& first) {
  const std::uint64_t pages = first.large.pages;
  const bool may_help = limits_.slack() != 0 || (pages >= kPagesPerHugePage && options_.huge_pages != 0);
  if (may_help && !first.large.huge) density_.learn(first.address(), pages, first.large.had);
  const bool much = pages > limits_.dirty_limit() || first.large.huge;
  const Left left = much ? Release::discard_blocks(first.address(), blocks_of(pages * kPageSize)) : Left::all;
  if (left != Left::all) {
    pages_.accounts().returned_pages.add(pages);
    pages_.accounts().return_calls.add(1);
  }
  forget_huge_pages(first);
  return left;
}

void* LargeObjects::resize(Block& first, std::size_t size) {
  const std::size_t pages = pages_for(size);
  if (pages == first.large.pages) return first.address();
  if (pages_.hardening().ends) return resize_for_good(first, size);
  forget_huge_pages(first);
  if (pages > first.large.pages) return grow_in_place(first, size) ? first.address() : move(first, size);
  shrink(first, pages);
  return first.address();
}

// (Where the system refuses to take what goes, the object keeps its size.)
void LargeObjects::shrink(Block& first, std::size_t pages) {
  char* const end = first.address() + pages * kPageSize;
  if (os::discard(end, (first.large.pages - pages) * kPageSize)) pages_.resize(first, pages);
  board_.publish_pages();
}

bool LargeObjects::grow_in_place(Block& first, std::size_t size) {
  if (!pages_.resize(first, pages_for(size))) return false;
  board_.publish_pages();
  return true;
}

void* LargeObjects::move(Block& first, std::size_t size) {
  const std::size_t pages = pages_for(size), blocks = blocks_of(size), old_bytes = first.large.pages * kPageSize;
  PageHeap::Run run = pages_.take_run(with_headroom(blocks), 1, pages);
  if (run.first == nullptr) run = pages_.take_run(blocks, 1, pages);
  if (run.first == nullptr) return nullptr;
  char* to = run.first->address();
  pages_.forget_dirty(run, [](char*, std::size_t) {});
  const bool gone = copy_and_discard(first.address(), to, old_bytes) && pages_.refusals() == 0;
  const Left left = gone ? Left::nothing : Left::all;
  pages_.free_run(first, left);
  board_.publish_pages();
  return to;
}

// (Where the system refuses to take the memory, it is cleared by hand.)
void LargeObjects::end(Block& first) {
  forget_huge_pages(first);
  const std::size_t pages = first.large.pages, bytes = pages * kPageSize;
  const std::size_t to_shut = pages_.begin_to_shut(first);
  const bool shut = to_shut != 0 && os::decommit(first.address(), to_shut);
  if (!shut && !os::discard(first.address(), bytes)) std::memset(first.address(), 0, bytes);
  pages_.accounts().returned_pages.add(pages);
  pages_.accounts().return_calls.add(1);
  pages_.end_shut_run(first, to_shut != 0);
  board_.publish_pages();
}

void* LargeObjects::resize_for_good(Block& first, std::size_t size) {
  const std::size_t pages = pages_for(size), old = first.large.pages;
  forget_huge_pages(first);
  if (pages_.resize_guarded(first, pages)) {
    board_.publish_pages();
    return first.address();
  }
  char* to = allocate_run(pages, 1, false, with_headroom(blocks_of(size)));
  if (to == nullptr) to = allocate_run(pages, 1, false, blocks_of(size));
  if (to == nullptr) return pages < old ? first.address() : nullptr;
  std::memcpy(to, first.address(), (pages < old ? pages : old) * kPageSize);
  end(first);
  return to;
}

}  // namespace neap
