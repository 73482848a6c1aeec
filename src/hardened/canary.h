// Canaries: they fill a slot from the end of its object to the last byte, so that a write of one byte is seen.
//
//   +--------------------------------+-------------------------+-------------------------------+
//   |  `asked` bytes: the program's  |  padding, 0 to n bytes  |  a word: a length and a mark  |
//   +--------------------------------+-------------------------+-------------------------------+
//
// The word tells how many bytes lie behind the object, itself included, and holds a secret mark of that length and of
// the slot's address; so the word of one slot is of no use in another. The padding repeats the word's lowest byte,
// which is never 0.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/units.h"
#include "bins/misuse.h"
#include "hardened/secret.h"

namespace neap {

class Canaries {
 public:
  static constexpr std::size_t kBytes = 8;
  static constexpr std::size_t kBroken = SIZE_MAX;

  explicit constexpr Canaries(const Secret& secret) : secret_(secret) {}

  // Fills the end of a slot of at most 32 KiB, whose first `asked` bytes are the program's.
  void set(char* slot, std::size_t slot_size, std::size_t asked) const {
    const std::uint64_t word = word_for(slot, slot_size - asked);
    pad(slot + asked, slot_size - asked - kBytes, (word & 0xff) * kEveryByte);
    word_of(slot, slot_size).store(word, std::memory_order_relaxed);
  }

  // Reads how many bytes of a slot are the program's; kBroken when any byte behind them was changed.
  std::size_t read(char* slot, std::size_t slot_size) const {
    const std::uint64_t word = word_of(slot, slot_size).load(std::memory_order_relaxed);
    if (!is_canary(word, slot, slot_size)) return kBroken;
    const std::size_t asked = slot_size - (word >> kShift), padding = slot_size - asked - kBytes;
    const bool is_whole = padding < kBytes ? word_at(slot + asked) == first_behind(word, padding)
                                           : is_filled(slot + asked, slot + slot_size - kBytes, word & 0xff);
    return is_whole ? asked : kBroken;
  }

  // How many bytes lie behind an object, by what the end of its canary says. The canary is broken, so that may be
  // anything; a result below kBytes or above the slot's size is certainly wrong.
  [[gnu::cold]] static std::size_t told_behind(const char* slot, std::size_t slot_size) {
    std::uint64_t word;
    std::memcpy(&word, slot + slot_size - kBytes, kBytes);
    return word >> kShift;
  }
  // Which bytes behind an object were changed, when its canary is broken. The canary's end still tells its length,
  // unless that was changed too.
  [[gnu::cold]] Changed changed_behind(const char* slot, std::size_t slot_size) const {
    const char* const end = slot + slot_size;
    const std::size_t behind = told_behind(slot, slot_size);
    if (behind < kBytes || behind > slot_size) return {};
    const std::uint64_t expected = word_for(slot, behind);
    const auto is_whole = [&](const char* at) {
      const std::size_t in_word =
          end - at > static_cast<std::ptrdiff_t>(kBytes) ? 0 : kBytes - static_cast<std::size_t>(end - at);
      return *at == static_cast<char>(expected >> in_word * 8);
    };
    const char *first = end - behind, *last = end;
    while (first < end && is_whole(first)) ++first;
    while (last > first && is_whole(last - 1)) --last;
    return {first, static_cast<std::size_t>(last - first)};
  }
  [[gnu::cold]] Changed changed_between(const char* from, const char* to) const {
    const char expected = static_cast<char>(byte_at(to));
    while (from < to && *from == expected) ++from;
    const char* last = to;
    while (last > from && last[-1] == expected) --last;
    return {from, static_cast<std::size_t>(last - from)};
  }

  // What the end of a slot looks like, without a look at its slab: `none` where it is zero, because nobody has the slot
  // or has it yet; otherwise a canary that is whole or broken.
  enum class Look : std::uint8_t { none, whole, broken };
  Look look(char* slot, std::size_t slot_size) const {
    const std::uint64_t word = word_of(slot, slot_size).load(std::memory_order_relaxed);
    return word == 0 ? Look::none : is_canary(word, slot, slot_size) ? Look::whole : Look::broken;
  }
  bool may_be(char* slot, std::size_t slot_size) const { return look(slot, slot_size) != Look::broken; }

  // The same for the end of a large object's last page. Its descriptor tells the length.
  void fill(char* from, const char* to) const { std::memset(from, byte_at(to), static_cast<std::size_t>(to - from)); }
  bool is_whole(const char* from, const char* to) const { return is_filled(from, to, byte_at(to)); }

 private:
  static constexpr unsigned kShift = 48;
  static constexpr std::uint64_t kEveryByte = 0x0101010101010101;

  std::uint64_t word_for(const char* slot, std::uint64_t behind) const {
    const std::uint64_t hash = secret_.mark(address_of(slot) << (64 - kShift) | behind);
    return (hash & (~std::uint64_t{0} >> (64 - kShift))) | 1 | behind << kShift;
  }
  // Writes exactly `count` bytes, since neighbours look at the word that follows.
  static void pad(char* at, std::size_t count, std::uint64_t filled) {
    for (; count >= kBytes; count -= kBytes, at += kBytes) std::memcpy(at, &filled, kBytes);
    if ((count & 4) != 0) std::memcpy(at, &filled, 4), at += 4;
    if ((count & 2) != 0) std::memcpy(at, &filled, 2), at += 2;
    if ((count & 1) != 0) std::memcpy(at, &filled, 1);
  }
  // What the first word behind an object has to be, where its padding is shorter than a word. (The lowest byte of a
  // word lies first.)
  static std::uint64_t first_behind(std::uint64_t word, std::size_t padding) {
    static_assert(std::endian::native == std::endian::little);
    const std::size_t bits = padding * 8;
    return word << bits | ((word & 0xff) * kEveryByte & ((std::uint64_t{1} << bits) - 1));
  }
  static std::uint64_t word_at(const char* at) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
  }
  bool is_canary(std::uint64_t word, const char* slot, std::size_t slot_size) const {
    const std::size_t behind = word >> kShift;
    return behind >= kBytes && behind <= slot_size && word == word_for(slot, behind);
  }
  static bool is_filled(const char* from, const char* to, std::uint64_t byte) {
    while (to - from >= static_cast<std::ptrdiff_t>(kBytes) && word_at(from) == byte * kEveryByte) from += kBytes;
    while (from < to && static_cast<unsigned char>(*from) == byte) ++from;
    return from >= to;
  }
  unsigned char byte_at(const char* end) const { return static_cast<unsigned char>(secret_.mark(address_of(end)) | 1); }

  static std::atomic_ref<std::uint64_t> word_of(char* slot, std::size_t slot_size) {
    return std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(slot + slot_size - kBytes));
  }

  const Secret& secret_;
};

}  // namespace neap
