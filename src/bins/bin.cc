#include "bins/bin.h"

#include "bins/mixed_bin.h"
#include "slabs/waiting.h"

namespace neap {
namespace {

const ClassRow& row_of(const Block& block) { return kClasses[block.class_index()]; }

// Asked under the bin's lock, under which the answer stays true.
[[gnu::always_inline]] inline bool is_slab_of(const Block& block, BinId id) {
  return block.kind.load(std::memory_order_acquire) == BlockKind::slab && BinId::of(block) == id;
}

// Every free counts the slab's free objects. Only at a few of these counts the slab becomes something else to its bin:
// this notes the next of them.
void settle_later(Block& block, const ClassRow& row) {
  const std::uint32_t free = block.free_count;
  block.settle_at = free == 0              ? std::uint16_t{1}
                    : free <= row.few_free ? static_cast<std::uint16_t>(row.few_free + 1)
                    : free < row.sparse_free && row.sparse_free <= row.capacity ? row.sparse_free
                                                                                : row.capacity;
}

}  // namespace

// A freed object may enter a thread's cache when its slab is the one that refills come from, or is at least 7/8 full.
// To cache others would use scattered holes again and again, so that sparse pages never drain
// (docs/decisions/003-admission.md has what that costs).
void Bin::set_admission(Block& block, const ClassRow& row) {
  const bool yes = row.size <= kLargestCached && (&block == lowest_ || block.free_count <= row.few_free) &&
                   block.aside.load(std::memory_order_relaxed) == 0;
  const std::uint32_t value = yes ? row.reciprocal : 0;
  if (block.admission.load(std::memory_order_relaxed) != value) block.admission.store(value, std::memory_order_relaxed);
}

void Bin::add_slab() {
  slabs_.add(1);
  wished_.store(0, std::memory_order_relaxed);
}

void Bin::note_lowest(const ClassRow& row) {
  Block* now = nonfull_.lowest();
  if (now == lowest_) return;
  Block* before = lowest_;
  lowest_ = now;
  if (before != nullptr && before->kind.load(std::memory_order_relaxed) == BlockKind::slab) set_admission(*before, row);
  if (now != nullptr) set_admission(*now, row);
}

// Opens another slab, from which the next object is taken. Null when memory is out.
Block* Bin::open_slab(BinId id, const ClassRow& row, PageHeap& pages) {
  const bool waiting = pages.hardening().waiting;
  const std::uint32_t bits = waiting ? slab::bits_with_waiting(row.capacity) : row.capacity;
  Block* const block = pages.take_slab(static_cast<std::uint8_t>(id.c), id.owner, bits);
  if (block == nullptr) return nullptr;
  slab::init(*block, row);
  if (waiting) slab::none_waits(*block, row);
  add_slab();
  nonfull_.insert(*block);
  note_lowest(row);
  return block;
}

// Brings a slab and the bin up to date after objects were taken.
[[gnu::always_inline]] inline void Bin::count_taken(Block& block, const ClassRow& row, PageHeap& pages,
                                                    std::uint32_t taken, const Touched& touched) {
  if (block.free_count == 0) {
    nonfull_.remove(block);
    note_lowest(row);
  }
  settle_later(block, row);
  bytes_out_.add(std::uint64_t{taken} * row.size);
  served_.add(taken);
  pages.account(touched);
}

std::uint32_t Bin::take(BinId id, PageHeap& pages, void** out, std::uint32_t want, Growth growth) {
  const ClassRow& row = neap::row_of(id.c);
  Guard guard(lock_);
  Block* block = nonfull_.lowest();
  if (block == nullptr) {
    if (growth == Growth::no) return 0;
    block = open_slab(id, row, pages);
    if (block == nullptr) return 0;
  }
  Touched touched;
  const PageMask had = block->resident;
  const std::uint32_t taken = slab::take(*block, row, out, want, touched);
  if (lies_on(had, out[0])) Limbo::leave(out[0]);
  count_taken(*block, row, pages, taken, touched);
  return taken;
}

void* Bin::take_at(BinId id, PageHeap& pages, std::uint32_t start, bool& fresh) {
  const ClassRow& row = neap::row_of(id.c);
  Guard guard(lock_);
  Block* block = nonfull_.lowest();
  if (block == nullptr) block = open_slab(id, row, pages);
  if (block == nullptr) return nullptr;
  Touched touched;
  const PageMask had = block->resident;
  void* const object = slab::take_at(*block, row, start, touched);
  fresh = (had & slab::pages_under(offset_in_block(object), row.size)) == 0;
  count_taken(*block, row, pages, 1, touched);
  return object;
}

void Bin::give_waiting(BinId id, PageHeap& pages, void* object, const char* function) {
  const ClassRow& row = neap::row_of(id.c);
  Guard guard(lock_);
  Block& block = *pages.map().block_fast(address_of(object));
  slab::end_waiting(block, row, index_in_slab(row, offset_in_block(object)));
  if (!put(row, pages, block, object)) not_live(row, object, function);
  bytes_out_.subtract(row.size);
}

void Bin::no_object(const ClassRow& row, const void* object, const char* function) {
  if (index_in_slab(row, offset_in_block(object)) >= row.capacity) {
    misuse(Misuse::invalid_pointer, function, object, "not an object of this heap");
  }
  misuse(Misuse::interior_pointer, function, object, "points inside an object");
}

void* Bin::take_one(BinId id, PageHeap& pages) {
  const ClassRow& row = neap::row_of(id.c);
  char* object;
  PageMask had;
  {
    Guard guard(lock_);
    Block* block = nonfull_.lowest();
    if (block == nullptr) return nullptr;
    Touched touched;
    had = block->resident;
    object = slab::take_one(*block, row, touched);
    count_taken(*block, row, pages, 1, touched);
  }
  if (lies_on(had, object)) Limbo::leave(object);
  return object;
}

bool Bin::give_one(BinId id, PageHeap& pages, Block& block, void* object) {
  const ClassRow& row = neap::row_of(id.c);
  Guard guard(lock_);
  if (!is_slab_of(block, id) || !put(row, pages, block, object)) return false;
  bytes_out_.subtract(row.size);
  return true;
}

void Bin::put_more(const ClassRow& row, PageHeap& pages, Block& block, std::uint32_t emptied) {
  if (emptied != 0) pages.mark_dirty(block, slab::free_system_pages(block, emptied));
  if (block.free_count == block.settle_at) settle(block, row, pages, block.free_count - 1u);
}

// Gives back the first object, which lies in the slab, and those that follow it as long as they lie there too. Returns
// how many that were.
std::uint32_t Bin::put_together(const ClassRow& row, PageHeap& pages, Block& block, void* const* objects,
                                std::uint32_t count, const char* function) {
  if (block.aside.load(std::memory_order_relaxed) != 0) {
    if (!put(row, pages, block, objects[0])) not_live(row, objects[0], function);
    return 1;
  }
  const std::uint32_t before = block.free_count;
  const slab::Given given = slab::give_together(block, row, objects, count);
  if (given.count == 0) not_live(row, objects[0], function);
  if (given.emptied != 0) pages.mark_dirty(block, slab::free_system_pages(block, given.emptied));
  if (block.free_count >= block.settle_at) settle(block, row, pages, before);
  return given.count;
}

std::uint32_t Bin::give(BinId id, PageHeap& pages, void** objects, std::uint32_t count, const char* function) {
  const ClassRow row = neap::row_of(id.c);  // a copy: no store through a block can change it
  std::uint32_t strays = 0;
  Guard guard(lock_);
  for (std::uint32_t i = 0; i < count;) {
    void* const object = objects[i];
    Block& block = *pages.map().block_fast(address_of(object));
    if (is_slab_of(block, id)) [[likely]] {
      i += put_together(row, pages, block, objects + i, count - i, function);
    } else {
      objects[strays++] = object;
      ++i;
    }
  }
  bytes_out_.subtract(std::uint64_t{count - strays} * row.size);
  return strays;
}

void Bin::end_slab(Block& block, const ClassRow& row, PageHeap& pages) {
  nonfull_.remove(block);
  if (lowest_ == &block) lowest_ = nullptr;
  note_lowest(row);
  slabs_.subtract(1);
  drained_.store(drained_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  pages.free_block(block);
}

void Bin::give_up_empty(BinId id, PageHeap& pages) {
  const ClassRow& row = neap::row_of(id.c);
  Guard guard(lock_);
  Block* block = nonfull_.lowest();
  if (block != nullptr && block->free_count == row.capacity) end_slab(*block, row, pages);
}

// Called after free objects were added to the `before` that a slab had. Keeps the order of slabs with free objects and
// the admission mark, and notes a slab that is sparse now. An empty slab goes back to the page heap, unless the bin has
// no other free object: a program that frees and takes one object by turns would open a slab each time.
void Bin::settle(Block& block, const ClassRow& row, PageHeap& pages, std::uint32_t before) {
  if (before == 0) nonfull_.insert(block);
  if (block.free_count == row.capacity && !nonfull_.only(block)) return end_slab(block, row, pages);
  note_lowest(row);
  set_admission(block, row);
  if (before < row.sparse_free && block.free_count >= row.sparse_free && &block != lowest_) pages.mark_sparse(block);
  settle_later(block, row);
}

PageMask Bin::set_aside(BinId id, Block& block, PageHeap& pages) {
  const ClassRow& row = neap::row_of(id.c);
  Guard guard(lock_);
  if (!is_slab_of(block, id) || block.aside.load(std::memory_order_relaxed) != 0) return 0;
  Aside aside{&block, pages.claim_dirty(block)};
  if (aside.pages == 0) return 0;
  // The pages all lie behind the last object. Nothing of the slab is set aside then, so without the lock nothing would
  // keep it from ending: the pages are discarded under it.
  if (slab::set_aside(block, row, aside.pages) == 0) {
    pages.discard({&aside, 1});
    pages.end_discard(aside);
    return 0;
  }
  block.aside.store(aside.pages, std::memory_order_relaxed);
  if (block.free_count == 0) nonfull_.remove(block);
  note_lowest(row);
  set_admission(block, row);
  settle_later(block, row);
  return aside.pages;
}

void Bin::end_aside(BinId id, const Aside& aside, PageHeap& pages) {
  const ClassRow& row = neap::row_of(id.c);
  Block& block = *aside.block;
  Guard guard(lock_);
  const std::uint32_t before = block.free_count;
  pages.end_discard(aside);
  slab::restore(block, row, aside.pages);
  block.aside.store(0, std::memory_order_relaxed);
  settle(block, row, pages, before);
}

// A class whose slabs fall empty gets as many again at once: its objects come and go together, and what it is given
// does not stay sparse (docs/decisions/040-drained-slabs.md).
bool Bin::deserves_slab(std::uint64_t bytes) {
  if (const std::uint32_t drained = drained_.load(std::memory_order_relaxed); drained != 0) {
    drained_.store(drained - 1, std::memory_order_relaxed);
    return true;
  }
  const std::uint64_t slabs = slabs_.get();
  const std::uint64_t wished = wished_.load(std::memory_order_relaxed) + bytes;
  wished_.store(wished, std::memory_order_relaxed);
  return wished > (slabs == 0 ? kBytesForFirstSlab : slabs * kBlockSize * kTimesForMore);
}

bool Bin::hand_over(BinId id, Block& block, PageHeap& pages, MixedBin& mixed, std::uint32_t least_free) {
  const ClassRow& row = neap::row_of(id.c);
  Guard guard(lock_);
  if (!is_slab_of(block, id) || &block == lowest_) return false;
  if (block.free_count < least_free || block.free_count == row.capacity) return false;
  nonfull_.remove(block);
  slabs_.subtract(1);
  drained_.store(0, std::memory_order_relaxed);
  bytes_out_.subtract(std::uint64_t{row.capacity} * row.size - std::uint64_t{block.free_count} * row.size);
  mixed.adopt(block, pages);
  return true;
}

bool Bin::check_live(BinId id, const PageHeap& pages, void* object, const char* function) {
  Guard guard(lock_);
  const Block& block = *pages.map().block_fast(address_of(object));
  if (!is_slab_of(block, id)) return false;
  const ClassRow& row = row_of(block);
  const std::uint32_t index = index_of(row, object, function);
  if (slab::is_free(block, index) || slab::is_aside(block, row, index)) no_object_any_more(object, function);
  return true;
}

}  // namespace neap
