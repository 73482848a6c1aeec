// In a hardened heap a freed object waits before it goes back to its slab. The slab takes it for live. That nobody has
// it is told by a bit of its own, in a second bitmap behind the free bits. The bit is set without a lock, and cleared
// under the lock of the slab's bin.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/bits.h"
#include "os/mutex.h"
#include "pages/block.h"
#include "sizes/size_class.h"

namespace neap::slab {

// How many bits both bitmaps take together.
constexpr std::uint32_t bits_with_waiting(std::uint32_t capacity) {
  return static_cast<std::uint32_t>(2 * bits::words_for(capacity) * bits::kWordBits);
}

inline bits::Word& waiting_word(const Block& block, const ClassRow& row, std::uint32_t index) {
  return block.free_bits[bits::words_for(row.capacity) + index / bits::kWordBits];
}
constexpr bits::Word waiting_bit(std::uint32_t index) { return bits::Word{1} << index % bits::kWordBits; }

inline void none_waits(const Block& block, const ClassRow& row) {
  for (std::uint32_t i = 0; i < row.capacity; i += bits::kWordBits) bits::store(waiting_word(block, row, i), 0);
}
inline bool is_waiting(const Block& block, const ClassRow& row, std::uint32_t index) {
  const std::atomic_ref<bits::Word> word(waiting_word(block, row, index));
  return (word.load(std::memory_order_acquire) & waiting_bit(index)) != 0;
}
// Marks an object as waiting. False when it waits already: so of two threads that free one object, one is told.
inline bool begin_waiting(const Block& block, const ClassRow& row, std::uint32_t index) {
  bits::Word& word = waiting_word(block, row, index);
  const bits::Word bit = waiting_bit(index);
  if (single_threaded()) {
    const bits::Word before = word;
    bits::store(word, before | bit);
    return (before & bit) == 0;
  }
  return (std::atomic_ref<bits::Word>(word).fetch_or(bit, std::memory_order_acq_rel) & bit) == 0;
}
inline void end_waiting(const Block& block, const ClassRow& row, std::uint32_t index) {
  bits::Word& word = waiting_word(block, row, index);
  if (single_threaded()) return bits::store(word, word & ~waiting_bit(index));
  std::atomic_ref<bits::Word>(word).fetch_and(~waiting_bit(index), std::memory_order_acq_rel);
}

}  // namespace neap::slab
