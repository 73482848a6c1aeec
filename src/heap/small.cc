// The slow half of small objects: what happens when a thread's cache has no object to give or no room to take one.
#include <cstring>

#include "heap/heap.h"
#include "heap/misuse.h"

namespace neap {
namespace {

constexpr std::uint32_t kFirstRoom = 4;

// Room moves between stacks on every so many wishes: a program that uses more sizes than fit in the budget would
// otherwise spend a fifth of its time in moving it to and fro.
constexpr std::uint32_t kStealEvery = 16;

std::size_t class_of_object(const PageMap& map, const void* object) {
  return map.block_fast(address_of(object))->class_index();
}

}  // namespace

void* Heap::allocate_small(ThreadCache* cache, ClassIndex c) {
  const std::size_t index = static_cast<std::size_t>(c);
  if (cache != nullptr && index < kCachedClasses) {
    grow(*cache, index);
    if (cache->room(index) > 1) return take_batch(*cache, index) == 0 ? nullptr : *--cache->bins[index].top;
  }
  void* object = nullptr;
  if (bins_[index].take(c, pages_, &object, 1) == 0) return nullptr;
  small_served_.add(1);
  count_events(cache, 1);
  return object;
}

// Fills half of a class's room, lowest address on top, so that objects are handed out in address order.
std::uint32_t Heap::take_batch(ThreadCache& cache, std::size_t c) {
  void* batch[32];
  const std::uint32_t want = (cache.room(c) + 1) / 2;
  const std::uint32_t got = bins_[c].take(static_cast<ClassIndex>(c), pages_, batch, want);
  for (std::uint32_t i = got; i > 0; --i) *cache.bins[c].top++ = batch[i - 1];
  small_served_.add(got);
  count_events(&cache, got * 2);
  return got;
}

// Doubles a class's room, as far as its slots and the budget go.
void Heap::grow(ThreadCache& cache, std::size_t c) {
  const std::uint32_t room = cache.room(c), most = kMostCached[c];
  if (room == most) return;
  const std::size_t size = kClasses[c].size;
  std::uint32_t more = room != 0 ? room : size <= kLargestBatched ? kFirstRoom : 1;
  if (more > most - room) more = most - room;
  if (cache.budget < more * size) {
    if (++cache.starved % kStealEvery == 0) steal_room(cache, c, more * size);
    while (cache.budget < more * size) more /= 2;
  }
  cache.bins[c].limit += more;
  cache.budget -= more * size;
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
  bins_[c].give(pages_, bottom, count, "free");
  const std::uint32_t left = cache.count(c) - count;
  std::memmove(bottom, bottom + count, left * sizeof(void*));
  bin.top = bottom + left;
  count_events(&cache, count);
}

// Makes room for an object on its stack and pushes it; false when the cache has no room to give.
bool Heap::push(ThreadCache& cache, std::size_t c, void* object, const char* function) {
  CacheBin& bin = cache.bins[c];
  if (bin.top == bin.limit) grow(cache, c);
  if (bin.top == bin.limit && cache.count(c) > 0) drop_oldest(cache, c, (cache.count(c) + 1) / 2);
  if (bin.top == bin.limit) return false;
  bins_[c].check_live(pages_, object, function);
  *bin.top++ = object;
  return true;
}

void Heap::free_small(ThreadCache* cache, Block& block, void* object, const char* function) {
  const std::size_t c = block.class_index();
  if (cache != nullptr && c < kCachedClasses) {
    if (block.admit.load(std::memory_order_relaxed) != 0) {
      if (push(*cache, c, object, function)) return;
    } else if (!single_threaded()) {
      Stash& stash = cache->stash;
      stash.objects[stash.count++] = object;
      stash.bytes += class_size(c);
      if (stash.count == Stash::kRoom || stash.bytes >= Stash::kMostBytes) flush_stash(*cache, function);
      return;
    }
  }
  bins_[c].give(pages_, &object, 1, function);
  count_events(cache, 1);
}

// One lock per class: gathers the objects of the first one's class, gives them back, and again for the rest.
void Heap::flush_stash(ThreadCache& cache, const char* function) {
  Stash& stash = cache.stash;
  const std::uint32_t events = stash.count;
  while (stash.count > 0) {
    void* batch[Stash::kRoom];
    std::uint32_t same = 0, rest = 0;
    const std::size_t c = class_of_object(pages_.map(), stash.objects[0]);
    for (std::uint32_t i = 0; i < stash.count; ++i) {
      void* object = stash.objects[i];
      (class_of_object(pages_.map(), object) == c ? batch[same++] : stash.objects[rest++]) = object;
    }
    stash.count = rest;
    bins_[c].give(pages_, batch, same, function);
  }
  stash.bytes = 0;
  count_events(&cache, events);
}

void Heap::flush(ThreadCache& cache) {
  flush_stash(cache, "free");
  for (std::size_t c = 0; c < kCachedClasses; ++c) {
    const std::uint32_t count = cache.count(c);
    if (count > 0) drop_oldest(cache, c, count);
  }
}

}  // namespace neap
