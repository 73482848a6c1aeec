// How a thread's cache is emptied: the stash by batches, the stacks where a thread ends or memory is wanted.
#include <array>
#include <bit>
#include <utility>

#include "caches/caches.h"

namespace neap {
namespace {

// What an object of a mixed block counts for in the stash; its size is looked up when it is given back.
constexpr std::uint32_t kMixedGuess = 128;  // bytes

constexpr std::size_t kMixed = SmallObjects::kMixed;

}  // namespace

void Caches::stash(ThreadCache& cache, std::size_t c, void* object, const char* function) {
  if (cache.own.granted.load(std::memory_order_relaxed) == 0) {
    small_.give(c, &object, 1, function);
    return count_events(&cache, 1);
  }
  Stash& stash = cache.stash;
  limbo_.enter(object);
  stash.objects[stash.count] = object;
  stash.classes[stash.count++] = static_cast<std::uint8_t>(c);
  stash.bytes += c == kMixed ? kMixedGuess : class_size(c);
  if (stash.count == Stash::kCapacity || stash.bytes >= Stash::kMaxBytes) flush_stash(cache, function);
}

// The objects are sorted by class, so that each bin is asked once. Meanwhile what `give` will touch is prefetched.
void Caches::flush_stash(ThreadCache& cache, const char* function) {
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
    small_.give(c, sorted + begin, std::uint32_t{ends[c]} - begin, function);
    begin = ends[c];
  });
  cache.count_given(count);
  count_events(&cache, count);
}

void Caches::flush(ThreadCache& cache) {
  give_up_big(cache, "free");
  flush_stash(cache, "free");
  std::uint32_t dropped = 0;
  for (std::size_t c = 0; c < kCachedClasses; ++c) {
    if (cache.owns(c)) dropped += capacity_.drop_all(cache.own_stack(c));
  }
  if (dropped == 0) return;
  cache.count_given(dropped);
  count_events(&cache, dropped);
}

void Caches::flush_all(ThreadCache& cache) {
  flush(cache);
  if (cache.shares()) flush_cpu();
}

// Gives back what the stacks of this CPU hold.
void Caches::flush_cpu() {
  std::uint32_t dropped = 0;
  for (std::size_t c = kClassesBelowLine; c < kCachedClasses; ++c) dropped += capacity_.drop_all(cpus_.claim(c));
  if (dropped > 0) count_events(nullptr, dropped);
}

void Caches::close(ThreadCache& cache) {
  flush(cache);
  if (const std::uint32_t dropped = registry_.close(cache)) count_events(nullptr, dropped);
}

// Fits the stacks that the thread uses to what they may hold by now. (One stack of the CPU's is claimed to learn which
// CPU it is.)
void Caches::fit(ThreadCache& cache) {
  capacity_.fit(cache.own);
  if (!cache.shares()) return;
  const Stack stack = cpus_.claim(kClassesBelowLine);
  if (!stack) return;
  stack.end();
  capacity_.fit(*stack.stacks);
}

}  // namespace neap
