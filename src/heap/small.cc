// The slow half of small objects: what happens when a thread's cache has no object to give or no room to take one.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "heap/heap.h"
#include "heap/misuse.h"
#include "heap/stack_room.h"

namespace neap {
namespace {

// What a refill does at most: slabs opened, and noted ones looked at for each of them (some have filled up since).
constexpr int kMostOpened = 4, kMostCandidates = 4;

// In the stash: an object of a mixed block, whose size is looked up when it is given back.
constexpr std::uint8_t kMixed = kClassCount;
constexpr std::uint32_t kMixedGuess = 128;  // bytes

// True when a class's room may grow: from the budget, or from other classes on every so many wishes.
bool may_grow(ThreadCache& cache, std::size_t c) {
  if (cache.room(c) == kMostCached[c]) return false;
  return cache.budget >= class_size(c) || ++cache.starved % kStealEvery == 0;
}

}  // namespace

void* Heap::allocate_from(From from, ThreadCache* cache, ClassIndex c) {
  const std::size_t index = static_cast<std::size_t>(c);
  if (cache != nullptr && index < kCachedClasses) {
    if (cache->shares_rows) return allocate_on_cpu(from, *cache, index);
    if (may_grow(*cache, index)) grow(*cache, index);
    if (cache->room(index) > 1) return take_batch(from, *cache, index) == 0 ? nullptr : *--cache->bins[index].top;
  }
  void* object = nullptr;
  if (take(from, index, &object, 1) == 0) return nullptr;
  small_served_.add(1);
  count_events(cache, 1);
  return object;
}

// From a slab that the class has, then from holes among other sizes, at last from a block of its own: a slab, once the
// class is in use enough.
std::uint32_t Heap::take(From from, std::size_t c, void** out, std::uint32_t want) {
  const ClassIndex index = static_cast<ClassIndex>(c);
  Bin& bin = bins_[c];
  if (from == From::slabs || !is_mixed_class(c)) return bin.take(index, pages_, out, want);
  if (const std::uint32_t got = bin.take(index, pages_, out, want, Bin::Growth::no)) return got;
  if (!bin.deserves_slab(std::uint64_t{want} * class_size(c))) {
    for (int opened = 0;; ++opened) {
      if (const std::uint32_t got = mixed_.take(index, pages_, out, want)) return got;
      if (opened == kMostOpened || !open_sparse_slab()) break;
    }
    if (!bin.has_slabs() && mixed_.add_block(pages_)) {
      if (const std::uint32_t got = mixed_.take(index, pages_, out, want)) return got;
    }
  }
  return bin.take(index, pages_, out, want);
}

// Turns the lowest slab that few objects are left in into a mixed block. Pages of it could be out for release: hence
// the lock.
bool Heap::open_sparse_slab() {
  if (!pages_.may_have_sparse() || !release_lock_.try_lock()) return false;
  bool opened = false;
  for (int tries = 0; !opened && tries < kMostCandidates; ++tries) {
    Block* block = pages_.take_sparse();
    if (block == nullptr) break;
    const std::size_t c = block->class_index();
    opened = is_mixed_class(c) && bins_[c].hand_over(static_cast<ClassIndex>(c), *block, pages_, mixed_);
  }
  release_lock_.unlock();
  return opened;
}

// `c` is a class, or kMixed.
void Heap::give(std::size_t c, void** objects, std::uint32_t count, const char* function) {
  if (c == kMixed) return mixed_.give(pages_, objects, count, function);
  const std::uint32_t strays = bins_[c].give(static_cast<ClassIndex>(c), pages_, objects, count, function);
  if (strays != 0) mixed_.give(pages_, objects, strays, function);
}

// Fills a class's room or half of it, lowest address on top, so that objects are handed out in address order.
std::uint32_t Heap::take_batch(From from, ThreadCache& cache, std::size_t c) {
  void** const top = cache.bins[c].top;
  const std::uint32_t got = take(from, c, top, refill_size(c, cache.room(c), cache.mostly_takes()));
  std::reverse(top, top + got);
  cache.bins[c].top = top + got;
  cache.count_taken(got);
  small_served_.add(got);
  count_events(&cache, got * 2);
  return got;
}

// Doubles a class's room, as far as its slots and the budget go.
void Heap::grow(ThreadCache& cache, std::size_t c) {
  const std::size_t size = class_size(c);
  std::uint32_t more = room_wished(c, cache.room(c), kMostCached[c]);
  if (cache.budget < size) {
    review_budget(cache);
    steal_room(cache, c, more * size);
    if (cache.budget < size) return;
  }
  while (cache.budget < more * size) more /= 2;
  cache.bins[c].limit += more;
  cache.budget -= more * size;
}

// A few threads may keep Options::cache_bytes each, many a quarter of it.
std::uint64_t Heap::cache_allowance() const {
  const std::uint64_t most = options.cache_bytes, sharers = threads() / 8 + 1;
  return most / (sharers < 4 ? sharers : 4);
}

// Follows the allowance: at once when it grew, as far as room is not given out when it fell.
void Heap::review_budget(ThreadCache& cache) {
  const std::uint64_t allowed = cache_allowance();
  if (allowed >= cache.granted) {
    cache.budget += allowed - cache.granted;
    cache.granted = allowed;
    return;
  }
  const std::uint64_t over = cache.granted - allowed, back = over < cache.budget ? over : cache.budget;
  cache.budget -= back;
  cache.granted -= back;
}

// Takes half the room of other classes in turn until the budget has `bytes`, or all were asked once.
void Heap::steal_room(ThreadCache& cache, std::size_t c, std::size_t bytes) {
  for (std::size_t asked = 0; asked < kCachedClasses && cache.budget < bytes; ++asked) {
    const std::size_t victim = cache.next_victim++ % kCachedClasses;
    const std::uint32_t room = cache.room(victim);
    if (victim == c || room == 0) continue;
    const std::uint32_t keep = room / 2;
    if (cache.count(victim) > keep) drop_oldest(cache, victim, cache.count(victim) - keep);
    cache.bins[victim].limit = cache.bottom(victim) + keep;
    cache.budget += std::size_t{room - keep} * class_size(victim);
  }
}

// Gives the objects that lay longest in a stack back to their slabs.
void Heap::drop_oldest(ThreadCache& cache, std::size_t c, std::uint32_t count) {
  CacheBin& bin = cache.bins[c];
  void** bottom = cache.bottom(c);
  give(c, bottom, count, "free");
  const std::uint32_t left = cache.count(c) - count;
  std::memmove(bottom, bottom + count, left * sizeof(void*));
  bin.top = bottom + left;
  cache.count_given(count);
  count_events(&cache, count);
}

// Makes room for an object on its stack and pushes it; false when the cache has no room to give, or the thread never
// asked for such objects: another's may share a cache line with others that are in use, and would be kept for nothing.
bool Heap::push(ThreadCache& cache, std::size_t c, void* object, const char* function) {
  if (cache.shares_rows) return push_on_cpu(cache, c, object, function);
  CacheBin& bin = cache.bins[c];
  if (cache.room(c) == 0 && !single_threaded()) return false;
  if (bin.top == bin.limit && may_grow(cache, c)) grow(cache, c);
  if (bin.top == bin.limit && cache.count(c) > 0) drop_oldest(cache, c, (cache.count(c) + 1) / 2);
  if (bin.top == bin.limit) return false;
  if (bin.top[-1] == object) misuse(Misuse::double_free, function, object, "this object is free already");
  *bin.top++ = object;
  return true;
}

void Heap::free_small(ThreadCache* cache, Block& block, void* object, const char* function) {
  if (block.kind.load(std::memory_order_acquire) == BlockKind::mixed) return free_mixed(cache, object, function);
  const std::size_t c = block.class_index();
  if (cache != nullptr && c < kCachedClasses) return free_cacheable(*cache, block, c, object, function);
  give(c, &object, 1, function);
  count_events(cache, 1);
}

void Heap::free_cacheable(ThreadCache& cache, const Block& block, std::size_t c, void* object, const char* function) {
  if (block.admit.load(std::memory_order_relaxed) != 0 && push(cache, c, object, function)) return;
  stash(cache, c, object, function);
}

void Heap::free_mixed(ThreadCache* cache, void* object, const char* function) {
  if (cache != nullptr) return stash(*cache, kMixed, object, function);
  give(kMixed, &object, 1, function);
  count_events(cache, 1);
}

void Heap::stash(ThreadCache& cache, std::size_t c, void* object, const char* function) {
  if (cache.granted == 0) {
    give(c, &object, 1, function);
    return count_events(&cache, 1);
  }
  Stash& stash = cache.stash;
  if (stash.count != 0 && stash.objects[stash.count - 1] == object) {
    misuse(Misuse::double_free, function, object, "this object is free already");
  }
  stash.objects[stash.count] = object;
  stash.classes[stash.count++] = static_cast<std::uint8_t>(c);
  stash.bytes += c == kMixed ? kMixedGuess : class_size(c);
  if (stash.count == Stash::kRoom || stash.bytes >= Stash::kMostBytes) flush_stash(cache, function);
}

// Sorted by class, so that each bin is asked once. What give will touch is fetched meanwhile.
void Heap::flush_stash(ThreadCache& cache, const char* function) {
  Stash& stash = cache.stash;
  const std::uint32_t count = stash.count;
  std::uint8_t ends[kMixed + 1] = {};  // of each class: how many; then where its objects begin, then end
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint8_t c = stash.classes[i];
    ++ends[c];
    if (c != kMixed) Bin::expect(pages_, stash.objects[i]);
  }
  std::uint8_t begin = 0;
  for (std::uint8_t& end : ends) begin = static_cast<std::uint8_t>(begin + std::exchange(end, begin));
  void* sorted[Stash::kRoom];
  for (std::uint32_t i = 0; i < count; ++i) sorted[ends[stash.classes[i]]++] = stash.objects[i];
  begin = 0;
  for (std::size_t c = 0; c <= kMixed; begin = ends[c++]) {
    if (ends[c] != begin) give(c, sorted + begin, std::uint32_t{ends[c]} - begin, function);
  }
  stash.count = stash.bytes = 0;
  cache.count_given(count);
  count_events(&cache, count);
}

void Heap::renew_cache(ThreadCache& cache) {
  flush(cache);
  cache.reset(cache_allowance(), cache.shares_rows);
}

void Heap::flush(ThreadCache& cache) {
  flush_stash(cache, "free");
  if (cache.shares_rows) return;
  for (std::size_t c = 0; c < kCachedClasses; ++c) {
    const std::uint32_t count = cache.count(c);
    if (count > 0) drop_oldest(cache, c, count);
  }
}

void Heap::flush_all(ThreadCache& cache) {
  flush(cache);
  if (cache.shares_rows) flush_row();
}

}  // namespace neap
