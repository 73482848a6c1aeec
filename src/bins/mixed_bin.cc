#include "bins/mixed_bin.h"

#include "bins/limbo.h"
#include "bins/misuse.h"
#include "mixed/fit_tree.h"

namespace neap {
namespace {

// How many granules the live object at `pointer` has. Ends the program when none begins there.
std::uint32_t checked_granules(const Block& block, const void* pointer, const char* function) {
  if (!mixed::is_begin(block, pointer)) {
    misuse(Misuse::interior_pointer, function, pointer, "points inside an object");
  }
  const std::uint32_t granule = mixed::granule_at(pointer);
  if (mixed::is_free(block, granule)) no_object_any_more(pointer, function);
  return mixed::size_of(block, granule);
}

std::size_t index_of(const Block& block) { return block.mixed.chunk->index_of(&block); }

}  // namespace

void MixedBin::enlist(Block& block, PageHeap& pages) {
  Chunk* chunk = pages.map().chunk(address_of(block.address()));
  block.mixed.chunk = chunk;
  block.mixed.begin_bits = block.free_bits + mixed::kGranules / bits::kWordBits;
  blocks_.add(1);
  note_hole(block, mixed::kGranules);
  if (chunk->has_mixed) return;
  Chunk** at = &chunks_;
  while (*at != nullptr && (*at)->first_rank() < chunk->first_rank()) at = &(*at)->next_mixed;
  chunk->next_mixed = *at;
  chunk->has_mixed = true;
  *at = chunk;
}

void MixedBin::adopt(Block& block, PageHeap& pages) {
  Guard guard(lock_);
  pages.widen_bitmaps(block, kClasses[block.class_index()].capacity);
  enlist(block, pages);
  block.admission.store(0, std::memory_order_relaxed);
  bytes_out_.add(std::uint64_t{mixed::adopt(block, kClasses[block.class_index()])} << mixed::kGranuleShift);
  block.kind.store(BlockKind::mixed, std::memory_order_release);
}

bool MixedBin::add_block(PageHeap& pages) {
  Guard guard(lock_);
  Block* block = pages.take_mixed();
  if (block == nullptr) return false;
  enlist(*block, pages);
  mixed::init(*block);
  return true;
}

void MixedBin::note_hole(const Block& block, std::uint32_t granules) {
  FitTree(*block.mixed.chunk).raise(index_of(block), mixed::largest_class_in(granules));
}

std::uint32_t MixedBin::take(ClassIndex c, PageHeap& pages, void** out, std::uint32_t want) {
  if (blocks_.get() == 0) return 0;
  const std::uint8_t wanted = static_cast<std::uint8_t>(c);
  const std::uint32_t n = mixed::granules_of(wanted);
  Guard guard(lock_);
  for (Chunk* chunk = chunks_; chunk != nullptr;) {
    FitTree tree(*chunk);
    const std::size_t found = tree.find(wanted);
    if (found == FitTree::kNone) {
      chunk = chunk->next_mixed;
      continue;
    }
    const PageMask had = chunk->at(found)->resident;
    const mixed::Taken taken = mixed::take(*chunk->at(found), n, out, want);
    if (taken.exhausted) tree.lower(found, static_cast<std::uint8_t>(wanted - 1));
    if (taken.count == 0) continue;
    if (lies_on(had, out[0])) Limbo::leave(out[0]);
    bytes_out_.add(std::uint64_t{taken.count} * n << mixed::kGranuleShift);
    served_.add(taken.count);
    pages.account(taken.touched);
    return taken.count;
  }
  return 0;
}

void MixedBin::give(PageHeap& pages, void* const* objects, std::uint32_t count, const char* function) {
  Guard guard(lock_);
  for (std::uint32_t i = 0; i < count; ++i) give_one(pages, objects[i], function);
}

void MixedBin::give_one(PageHeap& pages, void* object, const char* function) {
  Block& block = *pages.map().block_fast(address_of(object));
  if (block.kind.load(std::memory_order_relaxed) != BlockKind::mixed) no_object_any_more(object, function);
  const std::uint32_t n = checked_granules(block, object, function), granule = mixed::granule_at(object);
  const std::uint32_t hole = mixed::give(block, granule, n);
  bytes_out_.subtract(std::uint64_t{n} << mixed::kGranuleShift);
  if (end_if_empty(block, pages)) return;
  note_hole(block, hole);
  if (hole >= mixed::kGranulesPerPage) pages.mark_dirty(block, mixed::newly_free_pages(block, granule, n));
}

void MixedBin::check_live(const Block& block, const void* object, const char* function) {
  Guard guard(lock_);
  if (block.kind.load(std::memory_order_relaxed) != BlockKind::mixed) no_object_any_more(object, function);
  checked_granules(block, object, function);
}

bool MixedBin::end_if_empty(Block& block, PageHeap& pages) {
  if (block.free_count != mixed::kGranules) return false;
  FitTree(*block.mixed.chunk).lower(index_of(block), 0);
  blocks_.subtract(1);
  pages.free_block(block);
  return true;
}

PageMask MixedBin::set_aside(Block& block, PageHeap& pages) {
  Guard guard(lock_);
  if (block.kind.load(std::memory_order_relaxed) != BlockKind::mixed || block.dirty == 0) return 0;
  if (block.aside.load(std::memory_order_relaxed) != 0) return 0;
  const PageMask mask = pages.claim_dirty(block);
  block.aside.store(mask, std::memory_order_relaxed);
  mixed::set_aside(block, mask);
  return mask;
}

void MixedBin::end_aside(const Aside& aside, PageHeap& pages) {
  Block& block = *aside.block;
  Guard guard(lock_);
  pages.end_discard(aside);
  mixed::restore(block, aside.pages);
  block.aside.store(0, std::memory_order_relaxed);
  if (!end_if_empty(block, pages)) note_hole(block, mixed::kGranules);
}

}  // namespace neap
