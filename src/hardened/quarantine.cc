#include "hardened/quarantine.h"

#include <algorithm>
#include <memory>

#include "os/guarded.h"

namespace neap {
namespace {

// The most objects of a part: so many as make up all its bytes at this size, in bounds.
constexpr std::uint64_t kUsualSize = 64, kMinWaiting = 64, kMaxWaiting = 1 << 16;

// A number below `bound`, of random bits.
std::uint32_t below(std::uint32_t bound, std::uint64_t bits) {
  return static_cast<std::uint32_t>((bits >> 32) * bound >> 32);
}

}  // namespace

bool Quarantine::open(std::uint64_t bytes) {
  bytes_ = bytes;
  most_ = bytes == 0 ? 0 : static_cast<std::uint32_t>(std::clamp(bytes / kUsualSize, kMinWaiting, kMaxWaiting));
  const std::size_t parts = round_up(kParts * sizeof(Part), os::page_size);
  const std::size_t each = round_up(most_ * sizeof(void*), os::page_size), all = parts + each * kParts;
  char* const memory = static_cast<char*>(os::reserve_guarded(all));
  if (memory == nullptr || !os::commit(memory, all)) return false;
  Part* const first = reinterpret_cast<Part*>(memory);
  for (std::size_t i = 0; i < kParts; ++i) {
    std::construct_at(first + i)->objects = reinterpret_cast<void**>(memory + parts + i * each);
  }
  parts_ = {first, kParts};
  return true;
}

// By where the thread's own data lie, which costs no state of ours.
Quarantine::Part& Quarantine::own_part() {
  if (single_threaded()) return parts_[0];
  const std::uint64_t place = address_of(__builtin_thread_pointer()) >> 6;
  return parts_[place * 0x9e3779b97f4a7c15 >> 32 & (kParts - 1)];
}

std::uint64_t Quarantine::random(Part& part) {
  const std::uint64_t roll = part.rolls.load(std::memory_order_relaxed);
  part.rolls.store(roll + 1, std::memory_order_relaxed);
  return secret_.of(~(static_cast<std::uint64_t>(&part - parts_.data()) << 56 | roll));
}

bool Quarantine::put(void* object) {
  Part& part = own_part();
  const Guard guard(part.lock);
  if (part.count == most_) return false;
  part.objects[part.count++] = object;
  if (part.count == 1) part.next = 0;
  return true;
}

void Quarantine::choose_next(Part& part) {
  part.next = below(part.count, random(part));
  __builtin_prefetch(part.objects[part.next]);
}

void* Quarantine::take(Part& part) {
  const Guard guard(part.lock);
  if (part.count == 0) return nullptr;
  void*& any = part.objects[part.next];
  void* const object = any;
  any = part.objects[--part.count];
  if (part.count > 0) choose_next(part);
  return object;
}

void* Quarantine::take() {
  if (void* object = take(own_part())) return object;
  for (Part& part : parts_) {
    if (void* object = take(part)) return object;
  }
  return nullptr;
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
