// What takes several parts of the heap: an object where memory is short or the cache has none, the look-ups that name
// misuse, fork, and what a hardened heap asks for.
#include "heap/heap.h"

#include "bins/misuse.h"
#include "mixed/mixed_block.h"
#include "os/os.h"
#include "slabs/slab.h"

namespace neap {
namespace {

// A hardened heap counts this many objects of a class as events at once, with the first of them.
constexpr std::uint32_t kCountedTogether = 16;

// True when `pointer` lies inside a live large object, behind its first block.
bool inside_large(const PageMap& map, Block& block, std::uintptr_t address) {
  Chunk* chunk = map.chunk(address);
  if (chunk == nullptr || !chunk->holds(&block)) return false;
  for (std::size_t i = chunk->index_of(&block); i > 0; --i) {
    const Block& before = *chunk->at(i - 1);
    const BlockKind kind = before.kind.load(std::memory_order_relaxed);
    if (kind == BlockKind::large) return address_of(before.address()) + before.large.pages * kPageSize > address;
    if (kind != BlockKind::free) return false;
  }
  return false;
}

bool is_committed(const PageMap& map, const Block& block, std::uintptr_t address) {
  const Chunk* chunk = map.chunk(address);
  return chunk != nullptr && chunk->index_of(&block) < chunk->committed();
}

}  // namespace

void* Heap::allocate_past_cache(From from, ThreadCache* cache, ClassIndex c) {
  if (limits_.wants_look(0)) [[unlikely]]
    approach_limit(cache);
  void* object = nullptr;
  if (small_.take(from, Caches::bin_for(cache, c), &object, 1) == 0) [[unlikely]]
    object = allocate_from_reserves(from, cache, c);
  if (object != nullptr) caches_.count_events(cache, 1);
  return object;
}

// The last resort. Holes come first: what is kept for a better time may be wanted again soon.
void* Heap::allocate_from_reserves(From from, ThreadCache* cache, ClassIndex c) {
  if (void* object = small_.take_any_hole(from, c)) return object;
  give_up_reserves(cache);
  void* object = nullptr;
  if (small_.take(from, Caches::bin_for(cache, c), &object, 1) != 0) return object;
  return small_.take_any_hole(from, c);
}

// Gives up everything that is kept for later use, once what another thread has out for release is back. (What the
// stacks of other CPUs and other threads hold is theirs to give.)
void Heap::give_up_reserves(ThreadCache* cache) {
  { const Guard waits(pages_.release_lock()); }
  if (cache != nullptr) flush_all(*cache);
  small_.give_up_empty_slabs();
  pages_.give_up_reserves();
}

// Called where the heap is about to grow and the soft limit asks for a look. Nobody may have a stack of `cache` in
// hand, because the cache can be flushed.
void Heap::approach_limit(ThreadCache* cache) {
  if (!release_.approach_limit()) return;
  if (cache != nullptr) flush_all(*cache);
  small_.give_up_empty_slabs();
}

void* Heap::allocate_large(ThreadCache* cache, std::size_t size, std::size_t align, bool zero) {
  if (limits_.wants_look(LargeObjects::pages_for(size))) [[unlikely]]
    approach_limit(cache);
  void* object = large_.allocate(size, align, zero);
  if (object == nullptr) [[unlikely]] {
    give_up_reserves(cache);
    object = large_.allocate(size, align, zero);
  }
  if (object != nullptr) caches_.count_events(cache, 1);
  return object;
}

void Heap::free_large(ThreadCache* cache, Block& first) {
  large_.free(first);
  caches_.count_events(cache, 1);
}

void* Heap::resize_large(ThreadCache* cache, Block& first, std::size_t size) {
  const std::size_t pages = LargeObjects::pages_for(size), old = first.large.pages;
  if (pages == old) return first.address();
  if (pages > old && limits_.wants_look(pages - old)) [[unlikely]]
    approach_limit(cache);
  void* object = large_.resize(first, size);
  if (object == nullptr) [[unlikely]] {
    give_up_reserves(cache);
    object = large_.resize(first, size);
  }
  if (object != nullptr) caches_.count_events(cache, 1);
  return object;
}

// Names the misuse of a pointer at which no object begins.
void Heap::no_object(Block* block, void* pointer, const char* function) const {
  const std::uintptr_t address = address_of(pointer);
  if (block == nullptr || !is_committed(map(), *block, address)) {
    misuse(Misuse::invalid_pointer, function, pointer, "libneap did not allocate it");
  }
  if (block->kind.load(std::memory_order_acquire) == BlockKind::large || inside_large(map(), *block, address)) {
    misuse(Misuse::interior_pointer, function, pointer, "points inside an object");
  }
  no_object_any_more(pointer, function);
}

// (The descriptor of a block that was never committed reads as that of a free block.)
Block& Heap::block_of(void* pointer, const char* function) {
  Block* block = pages_.map().block_fast(address_of(pointer));
  if (block != nullptr) [[likely]] {
    const BlockKind kind = block->kind.load(std::memory_order_acquire);
    if (kind == BlockKind::slab || kind == BlockKind::mixed) {
      if (!seems_live(*block, pointer)) [[unlikely]]
        check_live(*block, pointer, function);
      return *block;
    }
    if (kind == BlockKind::large && block->address() == pointer) return *block;
  }
  no_object(block, pointer, function);
}

// The bits are looked at before the object's first word. A free object may lie on a page without memory, and its word
// means nothing.
bool Heap::seems_live(const Block& block, const void* pointer) const {
  if (block.kind.load(std::memory_order_acquire) == BlockKind::mixed) {
    return mixed::seems_taken(block, pointer) && !limbo.holds(pointer);
  }
  const std::size_t c = block.class_index();
  const ClassRow& row = kClasses[c];
  const std::uint32_t offset = offset_in_block(pointer);
  return slab::seems_taken(block, offset, row.reciprocal) && !slab::is_aside(block, row, index_in_slab(row, offset)) &&
         !limbo.holds(pointer);
}

// What looked like misuse is looked at again under the lock, because the slab may have been opened meanwhile.
void Heap::check_live(Block& block, void* object, const char* function) {
  small_.check_live(block, object, function);
  if (limbo.holds(object)) no_object_any_more(object, function);
}

std::size_t Heap::usable_size(const Block& block, const void* pointer) const {
  const BlockKind kind = block.kind.load(std::memory_order_acquire);
  if (kind == BlockKind::large) return block.large.pages * kPageSize;
  if (kind == BlockKind::mixed) {
    return std::size_t{mixed::size_of(block, mixed::granule_at(pointer))} << mixed::kGranuleShift;
  }
  return class_size(block.class_index());
}

void Heap::before_fork() {
  pages_.release_lock().lock();
  caches_.registry().lock().lock();
  small_.lock_all();
  pages_.lock().lock();
}

void Heap::after_fork_in_parent() {
  pages_.lock().unlock();
  small_.unlock_all();
  caches_.registry().lock().unlock();
  pages_.release_lock().unlock();
}

void Heap::reset_locks() {
  pages_.lock().reset();
  small_.reset_locks();
  caches_.registry().lock().reset();
  pages_.release_lock().reset();
}

void Heap::after_fork_in_child(ThreadCache* current) {
  reset_locks();
  caches_.registry().keep_only(current);
  if (pages_.hardening().ends) pages_.inherit_mappings();
}

bool Heap::harden() {
  limbo.draw_secret(os::random());
  PageHeap::Hardening what;
  what.guards = options.guard_pages != 0;
  what.holds = options.no_reuse_of_addresses != 0;
  what.ends = what.guards || what.holds || options.zero_on_free != 0;
  what.waiting = true;
  return pages_.harden(what);
}

void* Heap::take_slot(std::size_t c, std::uint32_t start, bool& fresh) {
  if (limits_.wants_look(0)) [[unlikely]]
    approach_limit(nullptr);
  const BinId id(static_cast<ClassIndex>(c));
  void* object = small_.bin(id).take_at(id, pages_, start, fresh);
  if (object == nullptr) {
    fresh = false;
    object = allocate_from_reserves(From::slabs, nullptr, id.c);
  }
  if (small_.bin(id).served() % kCountedTogether == 1) release_.count_alone(kCountedTogether);
  return object;
}

void Heap::give_slot(std::size_t c, void* object, const char* function) {
  const BinId id(static_cast<ClassIndex>(c));
  small_.bin(id).give_waiting(id, pages_, object, function);
}

void Heap::count_given(std::uint64_t bytes, std::uint32_t objects) {
  pages_.accounts().quarantine_bytes.subtract(bytes);
  release_.count_alone(objects);
}

}  // namespace neap
