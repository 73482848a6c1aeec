#include "heap/bin.h"

#include <bit>

#include "heap/misuse.h"

namespace neap {
namespace {

const ClassRow& row_of(const Block& block) { return kClasses[block.class_index()]; }

std::uint32_t offset_in_block(const void* pointer) {
  return static_cast<std::uint32_t>(address_of(pointer) & (kBlockSize - 1));
}

// The index of an object in its slab; aborts when the pointer does not begin one.
std::uint32_t checked_index(const ClassRow& row, const void* object, const char* function) {
  const std::uint32_t offset = offset_in_block(object), index = index_in_slab(row, offset);
  if (index >= row.capacity) misuse(Misuse::invalid_pointer, function, object, "not an object of this heap");
  if (index * row.size != offset) misuse(Misuse::interior_pointer, function, object, "points inside an object");
  return index;
}

}  // namespace

// A freed object may enter a thread's cache when its slab is the one being refilled from, or at least 7/8 full. Caching
// others recycles scattered holes, and sparse pages never drain: redis ends at 2.02 instead of 1.30 (docs/design.md).
void Bin::admit(Block& block, const ClassRow& row) {
  const bool yes = row.size <= kLargestCached && (&block == lowest_ || block.free_count * 8u <= row.capacity);
  const std::uint8_t value = yes ? 1 : 0;
  if (block.admit.load(std::memory_order_relaxed) != value) block.admit.store(value, std::memory_order_relaxed);
}

void Bin::note_lowest(const ClassRow& row) {
  Block* now = nonfull_.lowest();
  if (now == lowest_) return;
  Block* before = lowest_;
  lowest_ = now;
  if (before != nullptr && before->kind.load(std::memory_order_relaxed) == BlockKind::slab) admit(*before, row);
  if (now != nullptr) admit(*now, row);
}

std::uint32_t Bin::take(ClassIndex c, PageHeap& pages, void** out, std::uint32_t want) {
  const ClassRow& row = neap::row_of(c);
  Guard guard(lock_);
  Block* block = nonfull_.lowest();
  if (block == nullptr) {
    block = pages.take_slab(static_cast<std::uint8_t>(c));
    if (block == nullptr) return 0;
    slab::init(*block, row);
    nonfull_.insert(*block);
  }
  slab::Touched touched;
  const std::uint32_t taken = slab::take(*block, row, out, want, touched);
  if (block->free_count == 0) nonfull_.remove(*block);
  note_lowest(row);
  admit(*block, row);
  objects_out_.store(objects_out() + taken, std::memory_order_relaxed);
  if (touched.became_resident != 0) pages.accounts().resident_pages.add(touched.became_resident);
  if (touched.were_dirty != 0) pages.accounts().dirty_pages.subtract(touched.were_dirty);
  return taken;
}

void Bin::give(PageHeap& pages, void* const* objects, std::uint32_t count, const char* function) {
  Guard guard(lock_);
  for (std::uint32_t i = 0; i < count; ++i) give_one(pages, objects[i], function);
  objects_out_.store(objects_out() - count, std::memory_order_relaxed);
}

void Bin::give_one(PageHeap& pages, void* object, const char* function) {
  Block& block = *pages.map().block_fast(address_of(object));
  const ClassRow& row = row_of(block);
  const std::uint32_t index = checked_index(row, object, function);
  if (block.free_count != 0 && slab::is_free(block, index)) {
    misuse(Misuse::double_free, function, object, "this object is free already");
  }
  const bool was_full = block.free_count == 0;
  slab::give(block, index);
  if (block.free_count >= row.per_page) {
    mark_dirty(block, slab::newly_free_pages(block, row, index), pages);
  }
  settle(block, row, pages, was_full);
}

void Bin::mark_dirty(Block& block, PageMask fresh, PageHeap& pages) {
  if (fresh == 0) return;
  block.dirty |= fresh;
  block.dirtied_at.store(static_cast<std::uint32_t>(pages.events()), std::memory_order_relaxed);
  pages.accounts().dirty_pages.add(static_cast<std::uint64_t>(std::popcount(fresh)));
  pages.enqueue(block);
}

// After free objects were added: keeps the order of non-full slabs, the admission mark, and gives an empty slab back
// unless it is the bin's only one with free objects (a program that frees and takes one object again would thrash).
void Bin::settle(Block& block, const ClassRow& row, PageHeap& pages, bool was_full) {
  if (was_full) nonfull_.insert(block);
  if (block.free_count == row.capacity && !nonfull_.only(block)) {
    nonfull_.remove(block);
    if (lowest_ == &block) lowest_ = nullptr;
    note_lowest(row);
    pages.free_slab(block);
    return;
  }
  note_lowest(row);
  admit(block, row);
}

void Bin::release_pages(ClassIndex c, Block& block, PageHeap& pages) {
  const ClassRow& row = neap::row_of(c);
  PageMask mask = 0;
  const auto discard = [&] {
    std::uint64_t calls = 0;
    PageMask kept = 0;
    slab::each_run(mask, [&](std::uint32_t first, std::uint32_t length) {
      ++calls;
      if (!os::discard(block.address() + first * kPageSize, length * kPageSize)) {
        kept = static_cast<PageMask>(kept | (((1u << length) - 1) << first));
      }
    });
    const std::uint64_t gone = static_cast<std::uint64_t>(std::popcount(static_cast<PageMask>(mask & ~kept)));
    pages.accounts().return_calls.add(calls);
    pages.accounts().returned_pages.add(gone);
    pages.accounts().resident_pages.subtract(gone);
    return kept;
  };
  {
    Guard guard(lock_);
    const bool ours = block.kind.load(std::memory_order_relaxed) == BlockKind::slab &&
                      block.class_index() == static_cast<std::size_t>(c);
    if (!ours) return;
    mask = block.dirty;
    if (mask == 0) return;
    block.dirty = 0;
    pages.accounts().dirty_pages.subtract(static_cast<std::uint64_t>(std::popcount(mask)));
    // Only pages behind the last object: nothing would keep the slab ours without the lock.
    if (slab::set_aside(block, row, mask) == 0) {
      block.resident = static_cast<PageMask>((block.resident & ~mask) | discard());
      return;
    }
    if (block.free_count == 0) nonfull_.remove(block);
    note_lowest(row);
    admit(block, row);
  }
  const PageMask kept = discard();
  Guard guard(lock_);
  const bool was_full = block.free_count == 0;
  block.resident = static_cast<PageMask>((block.resident & ~mask) | kept);
  slab::restore(block, row, mask);
  mark_dirty(block, slab::free_beside(block, row, mask), pages);
  settle(block, row, pages, was_full);
}

void Bin::check_live(const PageHeap& pages, void* object, const char* function) {
  Guard guard(lock_);
  const Block& block = *pages.map().block_fast(address_of(object));
  if (slab::is_free(block, checked_index(row_of(block), object, function))) {
    misuse(Misuse::double_free, function, object, "this object is free already");
  }
}

}  // namespace neap
