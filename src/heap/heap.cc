// Thread caches' lives, look-ups that name misuse, sums, and fork.
#include "heap/heap.h"

#include <type_traits>

#include "heap/misuse.h"
#include "os/guarded.h"

namespace neap {
namespace {

constexpr std::size_t kMetadataStep = std::size_t{64} << 10;
constexpr std::uint32_t kTrimNow = 1;  // in neap_telemetry::control

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

void put(auto& field, std::uint64_t value) {
  using Field = std::remove_reference_t<decltype(field)>;
  std::atomic_ref<Field>(field).store(static_cast<Field>(value), std::memory_order_relaxed);
}

bool is_committed(const PageMap& map, const Block& block, std::uintptr_t address) {
  const Chunk* chunk = map.chunk(address);
  return chunk != nullptr && chunk->index_of(&block) < chunk->committed();
}

}  // namespace

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

// (Of a block that was never committed the descriptor reads as free.)
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

// The bits first: what lies in a slab may be on a page without memory, and in an object that no cache holds the word
// is nobody's.
bool Heap::seems_live(const Block& block, const void* pointer) const {
  if (block.kind.load(std::memory_order_acquire) == BlockKind::mixed) {
    return seems_live_in_mixed(block, pointer);
  }
  const std::size_t c = block.class_index();
  const ClassRow& row = kClasses[c];
  const std::uint32_t offset = offset_in_block(pointer);
  return slab::seems_taken(block, offset, row.reciprocal) && !slab::is_aside(block, row, index_in_slab(row, offset)) &&
         !limbo.holds(pointer);
}

// Looks again under the lock: meanwhile the slab may have been opened.
void Heap::check_live(Block& block, void* object, const char* function) {
  const BinId id = BinId::of(block);
  const bool in_slab =
      block.kind.load(std::memory_order_acquire) == BlockKind::slab && bin(id).check_live(id, pages_, object, function);
  if (!in_slab) mixed_.check_live(block, object, function);
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

// Zeros for good, in whole cache lines; null where memory is out. Under the registry's lock.
char* Heap::take_metadata(std::size_t bytes) {
  if (static_cast<std::size_t>(metadata_end_ - metadata_) < bytes) {
    char* more = static_cast<char*>(os::reserve_guarded(kMetadataStep));
    if (more == nullptr) return nullptr;
    if (!os::commit(more, kMetadataStep)) {
      os::unreserve_guarded(more, kMetadataStep);
      return nullptr;
    }
    metadata_ = more;
    metadata_end_ = more + kMetadataStep;
    pages_.accounts().metadata_bytes.add(kMetadataStep);
  }
  char* const taken = metadata_;
  metadata_ += bytes;
  return taken;
}

ThreadCache* Heap::open_cache() {
  Guard guard(registry_lock_);
  if (!limbo.has_secret()) limbo.draw_secret(os::random());
  const bool shares = may_share();
  const std::size_t bytes = ThreadCache::bytes(shares);
  ThreadCache* cache = free_caches_[shares];
  if (cache != nullptr) {
    free_caches_[shares] = cache->next;
  } else {
    cache = reinterpret_cast<ThreadCache*>(take_metadata(bytes));
    if (cache == nullptr) return nullptr;
  }
  cache->reset(thread_allowance(), shares ? cpus_.marked() : nullptr);
  if (shares) cpus_.set_users(cpus_.users() + 1);
  cache->previous = nullptr;
  cache->next = caches_;
  if (caches_ != nullptr) caches_->previous = cache;
  caches_ = cache;
  threads_.store(threads() + 1, std::memory_order_relaxed);
  return cache;
}

void Heap::close_cache(ThreadCache& cache) {
  flush(cache);
  std::uint32_t dropped = 0;
  {
    Guard guard(registry_lock_);
    forget_cache(cache);
    if (cache.shares()) {
      cpus_.set_users(cpus_.users() - 1);
      if (cpus_.users() == 0) dropped = empty_cpus();
    }
  }
  if (dropped > 0) count_events(nullptr, dropped);
}

void Heap::forget_cache(ThreadCache& cache) {
  (cache.previous != nullptr ? cache.previous->next : caches_) = cache.next;
  if (cache.next != nullptr) cache.next->previous = cache.previous;
  cache.next = free_caches_[cache.shares()];
  free_caches_[cache.shares()] = &cache;
  threads_.store(threads() - 1, std::memory_order_relaxed);
}

void Heap::publish_pages() {
  put(board_.large_bytes, pages_.large_pages() * kPageSize);
  put(board_.large_objects, pages_.large_objects());
  put(board_.resident_bytes, accounts().resident_pages.get() * kPageSize);
  put(board_.dirty_bytes, pages_.dirty_pages() * kPageSize);
}

void Heap::publish() {
  const Accounts& sums = accounts();
  publish_pages();
  put(board_.version, NEAP_TELEMETRY_VERSION);
  put(board_.size, sizeof board_);
  put(board_.threads, threads());
  std::uint64_t small_bytes = mixed_.bytes_out(), served = mixed_.served() + sums.large_served.get();
  each_bin([&](const Bin& bin, BinId) {
    small_bytes += bin.bytes_out();
    served += bin.served();
  });
  put(board_.served, served);
  put(board_.small_bytes, small_bytes);
  put(board_.committed_bytes, sums.committed_bytes.get());
  put(board_.reserved_bytes, sums.reserved_bytes.get());
  put(board_.metadata_bytes, sums.metadata_bytes.get());
  put(board_.returned_bytes, sums.returned_pages.get() * kPageSize);
  put(board_.return_calls, sums.return_calls.get());
  put(board_.events, pages_.events());
  put(board_.quarantined, sums.quarantine_bytes.get());
  put(board_.magic, NEAP_TELEMETRY_MAGIC);
  std::atomic_ref<std::uint32_t> control(board_.control);
  if (control.load(std::memory_order_relaxed) == kTrimNow && control.exchange(0) == kTrimNow) release_all();
}

void Heap::before_fork() {
  release_lock_.lock();
  registry_lock_.lock();
  each_bin([](Bin& bin, BinId) { bin.lock().lock(); });
  mixed_.lock().lock();
  pages_.lock().lock();
}

void Heap::after_fork_in_parent() {
  pages_.lock().unlock();
  mixed_.lock().unlock();
  each_bin([](Bin& bin, BinId) { bin.lock().unlock(); });
  registry_lock_.unlock();
  release_lock_.unlock();
}

void Heap::reset_locks() {
  pages_.lock().reset();
  mixed_.lock().reset();
  each_bin([](Bin& bin, BinId) { bin.lock().reset(); });
  registry_lock_.reset();
  release_lock_.reset();
}

void Heap::after_fork_in_child(ThreadCache* current) {
  reset_locks();
  for (ThreadCache* cache = caches_; cache != nullptr;) {
    ThreadCache* next = cache->next;
    if (cache != current) {
      cache->next = free_caches_[cache->shares()];
      free_caches_[cache->shares()] = cache;
    }
    cache = next;
  }
  give_up_cpus(current != nullptr && current->shares() ? 1 : 0);
  caches_ = current;
  if (current != nullptr) current->next = current->previous = nullptr;
  threads_.store(current != nullptr ? 1 : 0, std::memory_order_relaxed);
}

}  // namespace neap
