// The slow half of small objects: the calls of malloc and free that a thread's cache cannot serve.
//
// Who calls whom, with the locks that a step takes in brackets. None is held when the slow half begins. Locks are taken
// in the order of heap.h; "tried" means that the step is left out where another thread has the lock.
//
//   Heap::allocate_small           the stack of the class is empty, or the thread has no cache
//   |- allocate_batch              up to 1 KiB: refills the stack and hands out the first object
//   |  |- stack_of                 the thread's own stack, or the CPU's, which is claimed until Stack::end
//   |  |- Capacity::grow           twice the capacity, as far as the budget goes
//   |  |- SmallObjects::take       a batch of objects that lie in one block:
//   |  |  |- Bin::take             of the lowest slab of the class that has any  [bin]
//   |  |  |- MixedBin::take        or else of holes among other sizes  [mixed bin]
//   |  |  |- open_sparse_slab      or of a sparse slab, which becomes a mixed block  [release, tried; bin; mixed bin]
//   |  |  `- Bin::take             or of a new slab  [bin, page heap]
//   |  `- fill                     all but the first go onto the stack
//   |- allocate_one                above 1 KiB: the object freed last, or one of a slab that has any  [bin]
//   `- Heap::allocate_past_cache   one object, where the cache could not have any (heap.cc)
//      |- approach_limit           only near a soft limit  [release, tried]
//      |- SmallObjects::take       as above
//      `- allocate_from_reserves   memory is out
//
//   give_to_slab                   what most frees come to that no stack takes  [bin; none with one thread]
//   free                           any other free
//   |- free_in_slab
//   |  |- push                     onto the stack; a full one grows, or drops its older half first
//   |  |- keep_big                 above 8 KiB: kept as the object freed last; the one before goes on to give_back
//   |  `- give_back                one thread, or above 1 KiB: to the slab at once  [bin]; otherwise to the stash
//   `- free_mixed                  onto the stack of its class, or to the stash
//      `- wishes_slab              counts its bytes: a class whose objects come and go here earns a slab
//   stash -> flush_stash           a batch, sorted by class, to SmallObjects::give (flush.cc)  [bin, or mixed bin]
//
// A refill by example, of objects of 64 bytes, for which a stack has 128 slots at most. The first malloc finds
// capacity 0 and makes it 4; half of that are fetched, 2: one is handed out, one waits on the stack. The third malloc
// finds the stack empty, doubles it to 8 and fetches 4; the seventh fetches 8, and so on to 64. A thread that has taken
// 256 objects more than it gave back fetches 128 at once. But no page without memory is begun for what is fetched
// ahead: the sixty-third malloc of a fresh slab gets the last two objects of its page. The objects of a refill have
// rising addresses, and the stack hands them out in that order.
#include "caches/caches.h"

#include <utility>

namespace neap {
namespace {

// After this many bytes freed in mixed blocks, all of them are put to the account of the last object's class. By chance
// each class gets its share.
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

// Allocates an object of a class that is never fetched ahead.
void* Caches::allocate_one(ThreadCache& cache, std::size_t c) {
  if (cache.big != nullptr && cache.big_class == c) {
    Limbo::leave(cache.big);
    return std::exchange(cache.big, nullptr);
  }
  if (c < kCachedClasses && !single_threaded()) ask_for_capacity(cache, c);
  const BinId id = bin_for(&cache, static_cast<ClassIndex>(c));
  void* const object = bin(id).take_one(id, pages_);
  if (object != nullptr) count_events(&cache, 1);
  return object;
}

// With several threads, a stack takes freed objects only of a class that its own thread has asked for. This is that
// asking: it gives the stack its first capacity.
void Caches::ask_for_capacity(ThreadCache& cache, std::size_t c) {
  Stack stack = stack_of(cache, c);
  if (!stack) return;
  if (stack.count() == 0) capacity_.grow(stack);
  stack.end();
}

// Fills a stack to its capacity, or to half of it, and takes the first object. The lowest address is on top, so objects
// are handed out in address order. Null when the capacity is below two.
void* Caches::allocate_batch(From from, ThreadCache& cache, std::size_t c) {
  Stack stack = stack_of(cache, c);
  if (!stack) return nullptr;
  void* object = nullptr;
  std::uint32_t got = 0;
  if (stack.count() == 0) {
    capacity_.grow(stack);
    void* fetched[kMaxInStack];
    if (stack.capacity() > 1)
      got = small_.take(from, bin_for(&cache, static_cast<ClassIndex>(c)), fetched,
                        refill_size(c, stack.capacity(), cache.mostly_takes()));
    if (got != 0) object = fetched[0];
    if (got > 1) fill(stack, limbo_, fetched + 1, got - 1);
  } else if (from == From::anywhere) {  // another thread's free, or another CPU's stack
    object = stack.pop();
  }
  stack.end();
  if (got == 0) return object;
  cache.count_taken(got);
  count_events(&cache, got * 2);
  return object;
}

// Pushes an object onto its stack. False when the budget leaves the stack no capacity, or the thread has never asked
// for objects of this class: an object of another thread may share a cache line with objects in use there, and keeping
// it would serve nobody.
bool Caches::push(ThreadCache& cache, std::size_t c, void* object) {
  Stack stack = stack_of(cache, c);
  if (!stack) return false;
  std::uint32_t dropped = 0;
  bool pushed = false;
  if (stack.capacity() != 0 || single_threaded()) {
    if (stack.is_full()) capacity_.grow(stack);
    if (stack.is_full() && stack.count() > 0) {
      dropped = (stack.count() + 1) / 2;
      capacity_.drop_oldest(stack, dropped);
    }
    pushed = !stack.is_full();
    if (pushed) {
      limbo_.enter(object);
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

void Caches::free(ThreadCache* cache, Block& block, void* object, const char* function) {
  const bool is_mixed = block.kind.load(std::memory_order_acquire) == BlockKind::mixed;
  const std::size_t c = is_mixed ? SmallObjects::kMixed : block.class_index();
  if (cache == nullptr) {
    small_.give(c, &object, 1, function);
    return count_events(cache, 1);
  }
  is_mixed ? free_mixed(*cache, block, object, function) : free_in_slab(*cache, block, c, object, function);
}

void Caches::free_in_slab(ThreadCache& cache, Block& block, std::size_t c, void* object, const char* function) {
  if (c >= kCachedClasses) return keep_big(cache, c, object, function);
  if (block.admission.load(std::memory_order_relaxed) != 0 && push(cache, c, object)) return;
  give_back(cache, block, c, object, function);
}

void Caches::give_back(ThreadCache& cache, Block& block, std::size_t c, void* object, const char* function) {
  if (!goes_at_once(c)) return stash(cache, c, object, function);
  const BinId id = BinId::of(block);
  if (!bin(id).give_one(id, pages_, block, object)) small_.give(c, &object, 1, function);
  cache.count_given(1);
  count_events(&cache, 1);
}

// (The object's first word is looked at only where an object can begin: behind the last bytes of a block there may be
// no memory. While pages are out for release, what lies on them seems taken, and would wait in the stash until it is in
// its slab again.)
bool Caches::give_to_slab(ThreadCache& cache, Block& block, void* object, const char* function) {
  const BinId id = BinId::of(block);
  if (block.admission.load(std::memory_order_relaxed) != 0 || address_of(object) % sizeof(std::uint64_t) != 0)
    return false;
  if (limbo_.holds(object)) return false;
  Bin& bin = this->bin(id);
  if (single_threaded()) [[likely]] {
    if (!bin.give_alone(row_of(id.c), pages_, block, object)) return false;
  } else if (row_of(id.c).size <= kLargestBatched) {
    if (block.aside.load(std::memory_order_relaxed) != 0 ||
        !slab::seems_taken(block, offset_in_block(object), row_of(id.c).reciprocal))
      return false;
    stash(cache, static_cast<std::size_t>(id.c), object, function);
    return true;
  } else if (!bin.give_one(id, pages_, block, object)) {
    return false;
  }
  cache.count_given(1);
  count_events(&cache, 1);
  return true;
}

// Of the objects that are too big for a stack, a thread keeps the one that it freed last. That serves a buffer which is
// taken and freed in turn.
void Caches::keep_big(ThreadCache& cache, std::size_t c, void* object, const char* function) {
  give_up_big(cache, function);
  if (class_size(c) > cache.own.granted.load(std::memory_order_relaxed)) {
    return give_back(cache, *pages_.map().block_fast(address_of(object)), c, object, function);
  }
  limbo_.enter(object);
  cache.big = object;
  cache.big_class = static_cast<std::uint8_t>(c);
}

// (The object's slab may have been opened to other sizes meanwhile.)
void Caches::give_up_big(ThreadCache& cache, const char* function) {
  void* object = std::exchange(cache.big, nullptr);
  if (object == nullptr) return;
  Block& block = *pages_.map().block_fast(address_of(object));
  give_back(cache, block, cache.big_class, object, function);
}

void Caches::free_mixed(ThreadCache& cache, const Block& block, void* object, const char* function) {
  const std::uint32_t granules = mixed::size_of(block, mixed::granule_at(object));
  const std::size_t c = static_cast<std::size_t>(class_of(std::size_t{granules} << mixed::kGranuleShift));
  if (c < kCachedClasses && !wishes_slab(cache, c) && push(cache, c, object)) return;
  stash(cache, SmallObjects::kMixed, object, function);
}

bool Caches::cache_mixed(ThreadCache& cache, const Block& block, void* object) {
  if (!mixed::seems_taken(block, object) || limbo_.holds(object)) return false;
  const std::size_t size = std::size_t{mixed::size_of(block, mixed::granule_at(object))} << mixed::kGranuleShift;
  if (size > kLargestCached || cache.freed_mixed + size >= kWishStep) return false;
  if (!cache.push(static_cast<std::size_t>(cached_class_of(size)), object, limbo_.key(object))) return false;
  cache.freed_mixed += static_cast<std::uint32_t>(size);
  return true;
}

void Caches::put_back_mixed(ThreadCache* cache, void* object) {
  if (cache != nullptr) return stash(*cache, SmallObjects::kMixed, object, "free");
  small_.give(SmallObjects::kMixed, &object, 1, "free");
}

// What is freed in mixed blocks counts towards a slab for its class, as what is asked for does. Otherwise a class whose
// objects come and go in mixed blocks would never get a slab. When the class has earned one, its stack is emptied, so
// that the next object comes from the slab.
bool Caches::wishes_slab(ThreadCache& cache, std::size_t c) {
  cache.freed_mixed += class_size(c);
  if (cache.freed_mixed < kWishStep) return false;
  if (!bin(bin_for(&cache, static_cast<ClassIndex>(c))).deserves_slab(std::exchange(cache.freed_mixed, 0)) ||
      pages_.is_short())
    return false;
  const std::uint32_t dropped = capacity_.drop_all(stack_of(cache, c));
  cache.count_given(dropped);
  count_events(&cache, dropped);
  return true;
}

// The thread's own stack, or that of the CPU which it is on, claimed. The first on a CPU begins its stacks.
Stack Caches::stack_of(ThreadCache& cache, std::size_t c) {
  if (cache.owns(c)) return cache.own_stack(c);
  Stack stack = cpus_.claim(c);
  if (!stack && stack.stacks->shape.load(std::memory_order_acquire) == nullptr && registry_.begin_cpu(*stack.stacks)) {
    stack = cpus_.claim(c);
  }
  if (stack) cache.owner = registry_.owner_of(*stack.stacks);
  return stack;
}

}  // namespace neap
