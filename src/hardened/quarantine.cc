#include "hardened/quarantine.h"

#include <algorithm>
#include <memory>

#include "os/guarded.h"

namespace neap {
namespace {

// How many objects a part holds at most: as many as make up all bytes of the quarantine at this size, within bounds.
constexpr std::uint64_t kUsualSize = 64, kMinWaiting = 64, kMaxWaiting = 1 << 16;

// A number below `bound`, of random bits.
std::uint32_t below(std::uint32_t bound, std::uint32_t bits) {
  return static_cast<std::uint32_t>(std::uint64_t{bits} * bound >> 32);
}

}  // namespace

bool Quarantine::open(std::uint64_t bytes) {
  bytes_ = bytes;
  most_ = bytes == 0 ? 0 : static_cast<std::uint32_t>(std::clamp(bytes / kUsualSize, kMinWaiting, kMaxWaiting));
  const std::size_t parts = round_up(kParts * sizeof(Part), os::page_size);
  const std::size_t each = round_up(most_ * sizeof(Waiting), os::page_size), all = parts + each * kParts;
  char* const memory = static_cast<char*>(os::reserve_guarded(all));
  if (memory == nullptr || !os::commit(memory, all)) return false;
  Part* const first = reinterpret_cast<Part*>(memory);
  for (std::size_t i = 0; i < kParts; ++i) {
    std::construct_at(first + i)->objects = reinterpret_cast<Waiting*>(memory + parts + i * each);
  }
  parts_ = {first, kParts};
  return true;
}

// A thread's part is chosen by where its thread-local data lie, which needs no state of ours.
Quarantine::Part& Quarantine::own_part() {
  if (single_threaded()) return parts_[0];
  const std::uint64_t place = address_of(__builtin_thread_pointer()) >> 6;
  return parts_[place * 0x9e3779b97f4a7c15 >> 32 & (kParts - 1)];
}

// Each 64 random bits serve two calls: the first gets the low half, the second the other.
std::uint32_t Quarantine::random(Part& part) {
  const std::uint64_t roll = part.rolls.load(std::memory_order_relaxed);
  part.rolls.store(roll + 1, std::memory_order_relaxed);
  if (roll % 2 != 0) return static_cast<std::uint32_t>(part.drawn.load(std::memory_order_relaxed) >> 32);
  const std::uint64_t drawn = secret_.of(~(static_cast<std::uint64_t>(&part - parts_.data()) << 56 | roll));
  part.drawn.store(drawn, std::memory_order_relaxed);
  return static_cast<std::uint32_t>(drawn);
}

bool Quarantine::put(Waiting object) {
  Part& part = own_part();
  const Guard guard(part.lock);
  if (part.count == most_) return false;
  part.objects[part.count++] = object;
  return true;
}

std::size_t Quarantine::take(Part& part, std::uint64_t bytes, Leaving& out) {
  const Guard guard(part.lock);
  std::size_t taken = 0;
  for (std::uint64_t left = 0; left < bytes && taken < out.size() && part.count > 0;) {
    Waiting& any = part.objects[below(part.count, random(part))];
    const Waiting object = any;
    any = part.objects[--part.count];
    __builtin_prefetch(object.object(), 1);
    left += object.size();
    out[taken++] = object;
  }
  return taken;
}

std::size_t Quarantine::take(std::uint64_t bytes, Leaving& out) {
  if (const std::size_t taken = take(own_part(), bytes, out)) return taken;
  for (Part& part : parts_) {
    if (const std::size_t taken = take(part, bytes, out)) return taken;
  }
  return 0;
}

void Quarantine::before_fork() {
  for (Part& part : parts_) part.lock.lock();
}
void Quarantine::after_fork_in_parent() {
  for (std::size_t i = parts_.size(); i > 0; --i) parts_[i - 1].lock.unlock();
}
void Quarantine::reset_locks() {
  for (Part& part : parts_) part.lock.reset();
}

}  // namespace neap
