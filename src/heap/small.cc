// The slow half of small objects: the calls of malloc and free that a thread's cache cannot serve.
//
// Who calls whom, with the locks that a step takes in brackets. None is held when the slow half begins. Locks are taken
// in the order of heap.h; "tried" means that the step is left out where another thread has the lock.
//
//   allocate_from                  the stack of the class is empty, or the thread has no cache
//   |- allocate_batch              up to 1 KiB: refills the stack and hands out the first object
//   |  |- stack_of                 the thread's own stack, or the CPU's, which is claimed until Stack::end
//   |  |- grow                     twice the capacity, as far as the budget goes (capacity.cc)
//   |  |- take                     a batch of objects that lie in one block:
//   |  |  |- Bin::take             of the lowest slab of the class that has any  [bin]
//   |  |  |- MixedBin::take        or else of holes among other sizes  [mixed bin]
//   |  |  |- open_sparse_slab      or of a sparse slab, which becomes a mixed block  [release, tried; bin; mixed bin]
//   |  |  `- Bin::take             or of a new slab  [bin, page heap]
//   |  `- fill                     all but the first go onto the stack
//   |- allocate_one                above 1 KiB: the object freed last, or one of a slab that has any  [bin]
//   |- approach_limit              only near a soft limit (near_limit.cc)  [release, tried]
//   |- take                        one object, where the cache could not have any
//   `- allocate_from_reserves      memory is out (last_resort.cc)
//
//   give_to_slab                   what most frees come to that no stack takes  [bin]
//   free_small                     any other free
//   |- free_in_slab
//   |  |- push                     onto the stack; a full one grows, or drops its older half first
//   |  |- keep_big                 above 8 KiB: kept as the object freed last; the one before goes on to give_back
//   |  `- give_back                one thread, or above 1 KiB: to the slab at once  [bin]; otherwise to the stash
//   `- free_mixed                  onto the stack of its class, or to the stash
//      `- wishes_slab              counts its bytes: a class whose objects come and go here earns a slab
//   stash -> flush_stash -> give   a batch, sorted by class, to Bin::give and MixedBin::give  [bin, or mixed bin]
//
// A refill by example, of objects of 64 bytes, for which a stack has 128 slots at most. The first malloc finds
// capacity 0 and makes it 4; half of that are fetched, 2: one is handed out, one waits on the stack. The third malloc
// finds the stack empty, doubles it to 8 and fetches 4; the seventh fetches 8, and so on to 64. A thread that has taken
// 256 objects more than it gave back fetches 128 at once. But no page without memory is begun for what is fetched
// ahead: the sixty-third malloc of a fresh slab gets the last two objects of its page. The objects of a refill have
// rising addresses, and the stack hands them out in that order.
#include <array>
#include <bit>
#include <utility>

#include "heap/capacity.h"
#include "heap/heap.h"

namespace neap {
namespace {

// What a refill does at most: slabs opened, and noted ones looked at for each of them (some have filled up since).
constexpr int kMaxOpened = 4, kMaxCandidates = 4;

// In the stash: an object of a mixed block, whose size is looked up when it is given back.
constexpr std::uint8_t kMixed = kClassCount;
constexpr std::uint32_t kMixedGuess = 128;  // bytes

// Bytes freed in mixed blocks after which the class of the last object is told of all: by chance each has its share.
constexpr std::uint32_t kWishStep = 1 << 10;

// Puts objects onto an empty stack, the first on top.
void fill(Stack& stack, const Limbo& limbo, void* const* objects, std::uint32_t count) {
  void** const slots = stack.objects();
  const std::uint64_t key = limbo.key(nullptr);
  for (std::uint32_t i = 0; i < count; ++i) {
    void* const object = objects[count - 1 - i];
    Limbo::enter(object, key ^ address_of(object));
    slots[i] = object;
  }
  stack.set_count(count);
}

}  // namespace

void* Heap::allocate_from(From from, ThreadCache* cache, ClassIndex c) {
  const std::size_t index = static_cast<std::size_t>(c);
  void* object = nullptr;
  if (cache != nullptr) {
    object = class_size(index) > kLargestBatched ? allocate_one(*cache, index) : allocate_batch(from, *cache, index);
    if (object != nullptr) return object;
  }
  if (wants_look(0)) [[unlikely]]
    approach_limit(cache);
  if (take(from, id_for(cache, index), &object, 1) == 0) [[unlikely]]
    object = allocate_from_reserves(cache, from, index);
  if (object != nullptr) count_events(cache, 1);
  return object;
}

// Of those that are never fetched ahead.
void* Heap::allocate_one(ThreadCache& cache, std::size_t c) {
  if (cache.big != nullptr && cache.big_class == c) {
    Limbo::leave(cache.big);
    return std::exchange(cache.big, nullptr);
  }
  if (c < kCachedClasses && !single_threaded()) ask_for_capacity(cache, c);
  const BinId id = id_for(&cache, c);
  void* const object = bin(id).take_one(id, pages_);
  if (object != nullptr) count_events(&cache, 1);
  return object;
}

// Where there are other threads a stack takes what its own thread asked for once.
void Heap::ask_for_capacity(ThreadCache& cache, std::size_t c) {
  Stack stack = stack_of(cache, c);
  if (!stack) return;
  if (stack.count() == 0) grow(stack);
  stack.end();
}

// Fills a stack to its capacity or half of it, lowest address on top, so that objects are handed out in address order,
// and takes the first. Null when the capacity is below two.
void* Heap::allocate_batch(From from, ThreadCache& cache, std::size_t c) {
  Stack stack = stack_of(cache, c);
  if (!stack) return nullptr;
  void* object = nullptr;
  std::uint32_t got = 0;
  if (stack.count() == 0) {
    grow(stack);
    void* fetched[kMaxInStack];
    if (stack.capacity() > 1)
      got = take(from, id_for(&cache, c), fetched, refill_size(c, stack.capacity(), cache.mostly_takes()));
    if (got != 0) object = fetched[0];
    if (got > 1) fill(stack, limbo, fetched + 1, got - 1);
  } else if (from == From::anywhere) {  // another thread's free, or another CPU's stack
    object = stack.pop();
  }
  stack.end();
  if (got == 0) return object;
  cache.count_taken(got);
  count_events(&cache, got * 2);
  return object;
}

// From a slab that the class has, then from holes among other sizes, at last from a block of its own: a slab, once the
// class is in use enough and blocks are to be had.
std::uint32_t Heap::take(From from, BinId id, void** out, std::uint32_t want) {
  const std::size_t c = static_cast<std::size_t>(id.c);
  Bin& bin = this->bin(id);
  if (from == From::slabs || !is_mixed_class(c)) return bin.take(id, pages_, out, want);
  if (const std::uint32_t got = bin.take(id, pages_, out, want, Bin::Growth::no)) return got;
  if (!bin.deserves_slab(std::uint64_t{want} * class_size(c)) || pages_.is_short() || is_near_limit()) {
    for (int opened = 0;; ++opened) {
      if (const std::uint32_t got = mixed_.take(id.c, pages_, out, want)) return got;
      if (opened == kMaxOpened || !open_sparse_slab()) break;
    }
    if (is_near_limit() && (out[0] = take_before_block(c)) != nullptr) return 1;
    if (!bin.has_slabs() && mixed_.add_block(pages_)) {
      if (const std::uint32_t got = mixed_.take(id.c, pages_, out, want)) return got;
    }
  }
  return bin.take(id, pages_, out, want);
}

// Turns the lowest slab that few objects are left in into a mixed block. Pages of it could be out for release: hence
// the lock.
bool Heap::open_sparse_slab() {
  if (!pages_.may_have_sparse()) return false;
  const Guard guard(release_lock_, Guard::Try{});
  if (!guard) return false;
  bool opened = false;
  for (int tries = 0; !opened && tries < kMaxCandidates; ++tries) {
    Block* block = pages_.take_sparse();
    if (block == nullptr) break;
    const BinId id = BinId::of(*block);
    opened = is_mixed_class(static_cast<std::size_t>(id.c)) &&
             bin(id).hand_over(id, *block, pages_, mixed_, row_of(id.c).sparse_free);
  }
  pages_.end_look();
  return opened;
}

// `c` is a class, or kMixed.
void Heap::give(std::size_t c, void** objects, std::uint32_t count, const char* function) {
  std::uint32_t mixed = c == kMixed ? count : 0;  // how many at the front lie in mixed blocks
  while (mixed < count) {
    const Block& block = *pages_.map().block_fast(address_of(objects[mixed]));
    if (block.kind.load(std::memory_order_acquire) == BlockKind::mixed) {
      ++mixed;
      continue;
    }
    const BinId id(static_cast<ClassIndex>(c), block.owner.load(std::memory_order_relaxed));
    const std::uint32_t left = bin(id).give(id, pages_, objects + mixed, count - mixed, function);
    if (left == count - mixed && block.kind.load(std::memory_order_acquire) != BlockKind::mixed) break;
    count = mixed + left;
  }
  if (count != 0) mixed_.give(pages_, objects, count, function);
}

// Pushes an object onto its stack. False when the budget leaves the stack no capacity, or the thread never asked for
// objects of this class: one of another thread's may share a cache line with objects in use, and would be kept in vain.
bool Heap::push(ThreadCache& cache, std::size_t c, void* object) {
  Stack stack = stack_of(cache, c);
  if (!stack) return false;
  std::uint32_t dropped = 0;
  bool pushed = false;
  if (stack.capacity() != 0 || single_threaded()) {
    if (stack.is_full()) grow(stack);
    if (stack.is_full() && stack.count() > 0) {
      dropped = (stack.count() + 1) / 2;
      drop_oldest(stack, dropped);
    }
    pushed = !stack.is_full();
    if (pushed) {
      limbo.enter(object);
      stack.push(object);
    }
  }
  stack.end();
  if (dropped > 0) {
    cache.count_given(dropped);
    count_events(&cache, dropped);
  }
  return pushed;
}

void Heap::free_small(ThreadCache* cache, Block& block, void* object, const char* function) {
  const bool is_mixed = block.kind.load(std::memory_order_acquire) == BlockKind::mixed;
  const std::size_t c = is_mixed ? kMixed : block.class_index();
  if (cache == nullptr) {
    give(c, &object, 1, function);
    return count_events(cache, 1);
  }
  is_mixed ? free_mixed(*cache, block, object, function) : free_in_slab(*cache, block, c, object, function);
}

void Heap::free_in_slab(ThreadCache& cache, Block& block, std::size_t c, void* object, const char* function) {
  if (c >= kCachedClasses) return keep_big(cache, c, object, function);
  if (block.admission.load(std::memory_order_relaxed) != 0 && push(cache, c, object)) return;
  give_back(cache, block, c, object, function);
}

void Heap::give_back(ThreadCache& cache, Block& block, std::size_t c, void* object, const char* function) {
  if (!goes_at_once(c)) return stash(cache, c, object, function);
  const BinId id = BinId::of(block);
  if (!bin(id).give_one(id, pages_, block, object)) give(c, &object, 1, function);
  cache.count_given(1);
  count_events(&cache, 1);
}

// The most frequent of frees that no stack takes: false, and nothing was done, where it is another.
bool Heap::give_to_slab(ThreadCache& cache, Block& block, void* object) {
  const BinId id = BinId::of(block);
  if (block.admission.load(std::memory_order_relaxed) != 0 || limbo.holds(object)) return false;
  Bin& bin = this->bin(id);
  if (single_threaded()) [[likely]] {
    if (!bin.give_alone(row_of(id.c), pages_, block, object)) return false;
  } else if (row_of(id.c).size <= kLargestBatched || !bin.give_one(id, pages_, block, object)) {
    return false;
  }
  cache.count_given(1);
  count_events(&cache, 1);
  return true;
}

// Of the objects that no stack takes a thread keeps the one freed last: a buffer that is taken and freed in turn.
void Heap::keep_big(ThreadCache& cache, std::size_t c, void* object, const char* function) {
  give_up_big(cache, function);
  if (class_size(c) > cache.own.granted.load(std::memory_order_relaxed)) {
    return give_back(cache, *pages_.map().block_fast(address_of(object)), c, object, function);
  }
  limbo.enter(object);
  cache.big = object;
  cache.big_class = static_cast<std::uint8_t>(c);
}

// (Meanwhile its slab may have been opened to other sizes.)
void Heap::give_up_big(ThreadCache& cache, const char* function) {
  void* object = std::exchange(cache.big, nullptr);
  if (object == nullptr) return;
  Block& block = *pages_.map().block_fast(address_of(object));
  give_back(cache, block, cache.big_class, object, function);
}

void Heap::free_mixed(ThreadCache& cache, const Block& block, void* object, const char* function) {
  const std::uint32_t granules = mixed::size_of(block, mixed::granule_at(object));
  const std::size_t c = static_cast<std::size_t>(class_of(std::size_t{granules} << mixed::kGranuleShift));
  if (c < kCachedClasses && !wishes_slab(cache, c) && push(cache, c, object)) return;
  stash(cache, kMixed, object, function);
}

bool Heap::cache_mixed(ThreadCache& cache, const Block& block, void* object) {
  if (!seems_live_in_mixed(block, object)) return false;
  const std::size_t size = std::size_t{mixed::size_of(block, mixed::granule_at(object))} << mixed::kGranuleShift;
  if (size > kLargestCached || cache.freed_mixed + size >= kWishStep) return false;
  if (!cache.push(static_cast<std::size_t>(cached_class_of(size)), object, limbo.key(object))) return false;
  cache.freed_mixed += static_cast<std::uint32_t>(size);
  return true;
}

void Heap::put_back_mixed(ThreadCache* cache, void* object) {
  if (cache != nullptr) return stash(*cache, kMixed, object, "free");
  give(kMixed, &object, 1, "free");
}

// What is freed in mixed blocks counts towards a slab for its class, as what is asked for does: or a class whose
// objects come and go there would never have one. Then its stack is emptied, and the next object comes from the slab.
bool Heap::wishes_slab(ThreadCache& cache, std::size_t c) {
  cache.freed_mixed += class_size(c);
  if (cache.freed_mixed < kWishStep) return false;
  if (!bin(id_for(&cache, c)).deserves_slab(std::exchange(cache.freed_mixed, 0)) || pages_.is_short()) return false;
  const std::uint32_t dropped = drop_all(stack_of(cache, c));
  cache.count_given(dropped);
  count_events(&cache, dropped);
  return true;
}

void Heap::stash(ThreadCache& cache, std::size_t c, void* object, const char* function) {
  if (cache.own.granted.load(std::memory_order_relaxed) == 0) {
    give(c, &object, 1, function);
    return count_events(&cache, 1);
  }
  Stash& stash = cache.stash;
  limbo.enter(object);
  stash.objects[stash.count] = object;
  stash.classes[stash.count++] = static_cast<std::uint8_t>(c);
  stash.bytes += c == kMixed ? kMixedGuess : class_size(c);
  if (stash.count == Stash::kCapacity || stash.bytes >= Stash::kMaxBytes) flush_stash(cache, function);
}

// Sorted by class, so that each bin is asked once. What give will touch is fetched meanwhile.
void Heap::flush_stash(ThreadCache& cache, const char* function) {
  Stash& stash = cache.stash;
  const std::uint32_t count = stash.count;
  std::uint8_t ends[kMixed + 1] = {};  // of each class: how many; then where its objects begin, then end
  std::array<bits::Word, kMixed / bits::kWordBits + 1> classes = {};
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint8_t c = stash.classes[i];
    ++ends[c];
    classes[c / bits::kWordBits] |= bits::Word{1} << c % bits::kWordBits;
    if (c != kMixed) Bin::expect(pages_, stash.objects[i]);
  }
  const auto each_class = [&](auto fn) {
    for (std::size_t w = 0; w < classes.size(); ++w) {
      for (bits::Word rest = classes[w]; rest != 0; rest &= rest - 1) {
        fn(w * bits::kWordBits + static_cast<std::size_t>(std::countr_zero(rest)));
      }
    }
  };
  std::uint8_t begin = 0;
  each_class([&](std::size_t c) { begin = static_cast<std::uint8_t>(begin + std::exchange(ends[c], begin)); });
  void* sorted[Stash::kCapacity];
  for (std::uint32_t i = 0; i < count; ++i) sorted[ends[stash.classes[i]]++] = stash.objects[i];
  stash.count = stash.bytes = 0;  // first: none may lie in the stash and in its slab
  begin = 0;
  each_class([&](std::size_t c) {
    give(c, sorted + begin, std::uint32_t{ends[c]} - begin, function);
    begin = ends[c];
  });
  cache.count_given(count);
  count_events(&cache, count);
}

}  // namespace neap
