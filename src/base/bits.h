// Ranges of bits in arrays of 64-bit words; bit 0 is the lowest bit of word 0.
// Used by block bitmaps (pages) and object bitmaps (slabs). The caller holds whatever lock guards the words.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace neap::bits {

using Word = std::uint64_t;
inline constexpr std::size_t kWordBits = 64;

// How many words hold so many bits.
constexpr std::size_t words_for(std::size_t bits) { return (bits + kWordBits - 1) / kWordBits; }

// For words that others look at without the lock: they are read and written whole.
inline Word load(const Word& word) {
  return std::atomic_ref<Word>(const_cast<Word&>(word)).load(std::memory_order_relaxed);
}
inline void store(Word& word, Word value) { std::atomic_ref<Word>(word).store(value, std::memory_order_relaxed); }

// How many bits are set. (Without an option for newer processors, std::popcount is a call.)
constexpr std::uint32_t count16(std::uint16_t bits) {
  std::uint32_t sums = bits - ((bits >> 1) & 0x5555u);
  sums = (sums & 0x3333u) + ((sums >> 2) & 0x3333u);
  sums = (sums + (sums >> 4)) & 0x0f0fu;
  return (sums + (sums >> 8)) & 0x1fu;
}

inline bool test(const Word* words, std::size_t i) { return (words[i / kWordBits] >> (i % kWordBits)) & 1; }
inline void set(Word* words, std::size_t i) { words[i / kWordBits] |= Word{1} << (i % kWordBits); }

// The lowest `count` bits, 1 to 64.
constexpr Word low_bits(std::size_t count) { return ~Word{0} >> (kWordBits - count); }

// The bits [from, to) of word `w`, as a mask within that word.
constexpr Word mask_in_word(std::size_t w, std::size_t from, std::size_t to) {
  const std::size_t base = w * kWordBits;
  Word mask = ~Word{0};
  if (from > base) mask &= ~Word{0} << (from - base);
  if (to < base + kWordBits) mask &= ~Word{0} >> (base + kWordBits - to);
  return mask;
}

// Calls fn(word, mask) for each word that [from, to) touches; stops when fn returns false and returns false then.
template <class W, class Fn>
constexpr bool each_word(W* words, std::size_t from, std::size_t to, Fn fn) {
  if (from >= to) return true;
  for (std::size_t w = from / kWordBits; w <= (to - 1) / kWordBits; ++w) {
    if (!fn(words[w], mask_in_word(w, from, to))) return false;
  }
  return true;
}

constexpr void set_range(Word* words, std::size_t from, std::size_t to) {
  each_word(words, from, to, [](Word& word, Word mask) { return word |= mask, true; });
}
constexpr void clear_range(Word* words, std::size_t from, std::size_t to) {
  each_word(words, from, to, [](Word& word, Word mask) { return word &= ~mask, true; });
}
constexpr bool all_set(const Word* words, std::size_t from, std::size_t to) {
  if (from >= to) return true;
  const std::size_t first = from / kWordBits, last = (to - 1) / kWordBits;
  const Word head = ~Word{0} << from % kWordBits, tail = ~Word{0} >> (kWordBits - 1 - (to - 1) % kWordBits);
  if (first == last) return (~words[first] & head & tail) == 0;
  if ((~words[first] & head) != 0 || (~words[last] & tail) != 0) return false;
  for (std::size_t w = first + 1; w < last; ++w) {
    if (~words[w] != 0) return false;
  }
  return true;
}

// How many bits of [from, to) are set.
constexpr std::size_t count(const Word* words, std::size_t from, std::size_t to) {
  std::size_t set = 0;
  each_word(words, from, to, [&](Word word, Word mask) {
    set += static_cast<std::size_t>(std::popcount(word & mask));
    return true;
  });
  return set;
}

// The first bit at or after `from` and below `to` that equals `value`; `to` when there is none.
constexpr std::size_t find(const Word* words, std::size_t from, std::size_t to, bool value) {
  if (from >= to) return to;
  for (std::size_t w = from / kWordBits; w <= (to - 1) / kWordBits; ++w) {
    const Word hits = (value ? words[w] : ~words[w]) & mask_in_word(w, from, to);
    if (hits != 0) return w * kWordBits + static_cast<std::size_t>(std::countr_zero(hits));
  }
  return to;
}

// One more than the last bit at or after `from` and below `to` that equals `value`; `from` when there is none.
constexpr std::size_t find_last(const Word* words, std::size_t from, std::size_t to, bool value) {
  if (from >= to) return from;
  for (std::size_t w = (to - 1) / kWordBits;; --w) {
    const Word hits = (value ? words[w] : ~words[w]) & mask_in_word(w, from, to);
    if (hits != 0) return w * kWordBits + kWordBits - static_cast<std::size_t>(std::countl_zero(hits));
    if (w == from / kWordBits) return from;
  }
}

}  // namespace neap::bits
