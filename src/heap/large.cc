// Large objects: whole blocks of address space, whole pages of memory.
//
// Growing by realloc: in place where the address space behind it is free; otherwise to a place with headroom (address
// space is free, resident memory is not), by copying in steps whose source is released. (mremap cannot do it: before
// kernel 6.17 one of two mappings is refused after the destination was unmapped, each move leaves mappings that never
// merge, and it takes mlock off the source.)
#include <algorithm>
#include <cstring>

#include "heap/heap.h"
#include "heap/misuse.h"
#include "heap/populate.h"
#include "os/os.h"

namespace neap {
namespace {

// A copy releases its source in steps of this size, so that both are never resident whole.
constexpr std::size_t kCopyStep = std::size_t{1} << 18;

// A moving object gets so many times the address space that it needs: the more, the less is copied of what it grows to
// in the end. What has grown large may well be what the program is about, and address space is free.
constexpr std::size_t kHeadroom = 8;
constexpr std::size_t kMuchHeadroom = 256, kFromSize = std::size_t{4} << 20;
constexpr std::size_t kMaxHeadroom = (std::size_t{64} << 30) / kBlockSize;

// From here on it is asked whether commitments are counted, and a free object's is given up.
constexpr std::size_t kMinDecommit = std::size_t{1} << 20;

// Of the pages that an object lacks 1 MiB is populated, or a quarter of a larger object, at most 4 MiB: half a
// microsecond each.
constexpr std::size_t kMinPopulated = 256, kPopulatedShare = 4, kMaxPopulated = 1024;

// Ranges with huge pages are mappings of their own, two more for each such object: at most this many at a time.
constexpr std::uint64_t kMaxHugeObjects = 2048;

// An object has whole pages of the system, counted in the heap's.
std::size_t pages_for(std::size_t size) { return round_up(size, os::page_size) >> kPageShift; }

std::size_t align_in_blocks(std::size_t align) { return align <= kBlockSize ? 1 : align >> kBlockShift; }

// Pages outside of objects that nobody counts as dirty must read as zeros.
void make_zero(PageHeap& heap, char* pages, std::size_t size) {
  if (os::discard(pages, size)) return;
  std::memset(pages, 0, size);
  heap.note_refusal();
}

std::size_t most_populated(std::size_t pages) {
  return std::clamp(pages / kPopulatedShare / kPagesPerBlock * kPagesPerBlock, kMinPopulated, kMaxPopulated);
}

// The part of the garbage that lies behind an object's end.
void make_zero_behind(PageHeap& heap, char* end, char* garbage, char* garbage_end) {
  char* const from = garbage < end ? end : garbage;
  if (from < garbage_end) make_zero(heap, from, static_cast<std::size_t>(garbage_end - from));
}

// Copies [0, size) and discards what was copied. True when nothing of the source is resident afterwards.
bool copy_and_discard(char* from, char* to, std::size_t size) {
  bool clean = true;
  for (std::size_t at = 0; at < size; at += kCopyStep) {
    const std::size_t step = size - at < kCopyStep ? size - at : kCopyStep;
    std::memcpy(to + at, from + at, step);
    clean = os::discard(from + at, step) && clean;
  }
  return clean;
}

}  // namespace

// An object that could stay while there is slack is given none: they do not go in parts.
bool Heap::wants_huge_pages(std::size_t pages, Density::Like like) const {
  return like.dense && pages >= kPagesPerHugePage && options.huge_pages != 0 && pages > regret_.slack() &&
         !is_near_limit() && huge_objects_.get() < kMaxHugeObjects;
}

// Only where a huge page lies wholly inside the object.
void Heap::lay_huge_pages(Block& first) {
  os::allow_huge_pages(first.address(), first.large.pages / kPagesPerHugePage * kHugePageSize);
  first.large.huge = true;
  huge_objects_.add(1);
}

void Heap::forget_huge_pages(Block& first) {
  if (!first.large.huge) return;
  os::forbid_huge_pages(first.address(), first.large.blocks * kBlockSize);
  first.large.huge = false;
  huge_objects_.subtract(1);
}

void* Heap::allocate_large(ThreadCache* cache, std::size_t size, std::size_t align, bool zero) {
  const std::size_t pages = pages_for(size == 0 ? 1 : size);
  if (wants_look(pages)) [[unlikely]]
    approach_limit(cache);
  char* object;
  if (Block* spare = pages_.take_spare(align_in_blocks(align), pages)) {
    object = spare->address();
    if (zero) std::memset(object, 0, pages * kPageSize);
    count_events(cache, 1);
  } else {
    object = allocate_run(pages, align, zero, blocks_of(pages * kPageSize));
    if (object == nullptr) {
      give_up_reserves(cache);
      object = allocate_run(pages, align, zero, blocks_of(pages * kPageSize));
    }
    if (object == nullptr) return nullptr;
    count_large_event(cache);
  }
  return object;
}

// Of `blocks` blocks of address space.
[[gnu::noinline]] char* Heap::allocate_run(std::size_t pages, std::size_t align, bool zero, std::size_t blocks) {
  const Density::Like like = density_.like(pages);
  const bool huge = wants_huge_pages(pages, like), populates = like.whole && !huge && slack() != 0;
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
  return begin;
}

void Heap::free_large(ThreadCache* cache, Block& first) {
  if (pages_.hardening().ends) return end_large(cache, first);
  const std::uint64_t pages = first.large.pages;
  const bool is_small = pages <= Spares::kMaxPages && pages < too_dirty_.load(std::memory_order_relaxed);
  const Left left = is_small ? Left::all : discard_if_much(first);
  if (left == Left::all && pages_.keep_spare(first)) return count_events(cache, 1);
  pages_.free_run(first, left);
  count_large_event(cache);
}

// What exceeds the limit alone would be the first to go anyway, and a huge page does not go in parts.
Left Heap::discard_if_much(Block& first) {
  const std::uint64_t pages = first.large.pages;
  const bool may_help = regret_.slack() != 0 || (pages >= kPagesPerHugePage && options.huge_pages != 0);
  if (may_help && !first.large.huge) density_.learn(first.address(), pages, first.large.had);
  const bool much = pages > dirty_limit() || first.large.huge;
  const Left left = much ? discard_blocks(first.address(), blocks_of(pages * kPageSize)) : Left::all;
  if (left != Left::all) {
    pages_.accounts().returned_pages.add(pages);
    pages_.accounts().return_calls.add(1);
  }
  forget_huge_pages(first);
  return left;
}

// Of whole blocks that nobody uses, and that are all committed.
Left Heap::discard_blocks(char* begin, std::size_t blocks) {
  const std::size_t bytes = blocks * kBlockSize;
  if (bytes >= kMinDecommit && os::counts_commits() && os::decommit(begin, bytes)) return Left::not_even_commitment;
  return os::discard(begin, bytes) ? Left::nothing : Left::all;
}

void* Heap::resize_large(ThreadCache* cache, Block& first, std::size_t size) {
  const std::size_t pages = pages_for(size), old_pages = first.large.pages;
  if (pages == old_pages) return first.address();
  if (pages > old_pages && wants_look(pages - old_pages)) [[unlikely]]
    approach_limit(cache);
  if (pages_.hardening().ends) return resize_for_good(cache, first, size);
  forget_huge_pages(first);
  if (pages < old_pages) {
    PageMask stale = 0;
    char* tail = first.address() + pages * kPageSize;
    if (os::discard(tail, (old_pages - pages) * kPageSize)) pages_.resize(first, pages, stale);
    count_large_event(cache);
    return first.address();
  }
  return grow_in_place(first, size) ? first.address() : move_large(cache, first, size);
}

bool Heap::grow_in_place(Block& first, std::size_t size) {
  PageMask stale = 0;
  if (!pages_.resize(first, pages_for(size), stale)) return false;
  char* last_block = first.address() + (blocks_of(size) - 1) * kBlockSize;
  each_run(stale, [&](std::uint32_t page, std::uint32_t count) {
    make_zero(pages_, last_block + page * kPageSize, count * kPageSize);
  });
  return true;
}

// In blocks. Where address space or commitments are limited, headroom would be missed elsewhere; where pages are locked
// it becomes resident with the commitment of what lies behind.
std::size_t Heap::with_headroom(std::size_t blocks) {
  if (os::address_space_limit() != SIZE_MAX || os::counts_commits() || os::locks_pages()) return blocks;
  const std::size_t wish = blocks * (blocks * kBlockSize < kFromSize ? kHeadroom : kMuchHeadroom);
  const std::size_t most = blocks * 2 > kMaxHeadroom ? blocks * 2 : kMaxHeadroom;
  return wish < most ? wish : most;
}

void* Heap::move_large(ThreadCache* cache, Block& first, std::size_t size) {
  const std::size_t pages = pages_for(size), blocks = blocks_of(size), old_bytes = first.large.pages * kPageSize;
  PageHeap::Run run = pages_.take_run(with_headroom(blocks), 1, pages);
  if (run.first == nullptr) run = pages_.take_run(blocks, 1, pages);
  if (run.first == nullptr) {
    give_up_reserves(cache);
    if (grow_in_place(first, size)) return first.address();
    run = pages_.take_run(blocks, 1, pages);
  }
  if (run.first == nullptr) return nullptr;
  char* to = run.first->address();
  pages_.forget_dirty(run, [&](char* garbage, std::size_t bytes) {
    make_zero_behind(pages_, to + pages * kPageSize, garbage, garbage + bytes);
  });
  const bool gone = copy_and_discard(first.address(), to, old_bytes) && pages_.refusals() == 0;
  const Left left = gone ? Left::nothing : Left::all;
  pages_.free_run(first, left);
  count_large_event(cache);
  return to;
}

}  // namespace neap
