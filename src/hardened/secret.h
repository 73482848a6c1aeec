// Secret: random bits of the process, and two things that are made of them.
//
//   of     a number for each word, which nobody can foretell, even after having seen others: SipHash of one word, with
//          one round and three (J.-P. Aumasson, D. Bernstein, 2012)
//   mark   a mark for each word, at a fifth of the cost, by two multiplications: each bit of the word and of four keys
//          counts in each bit of the mark (as in wyhash: Wang Yi, 2019). It is no cipher: from many marks the keys
//          might be found
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "os/os.h"

namespace neap {

class Secret {
 public:
  void draw() {
    key_[0] = os::random();
    key_[1] = os::random();
    for (std::size_t i = 0; i < marks_.size(); ++i) marks_[i] = hash(i, kForMarks);
  }

  std::uint64_t of(std::uint64_t word) const { return hash(word, kForNumbers); }
  std::uint64_t mark(std::uint64_t word) const {
    const std::uint64_t half = folded(word ^ marks_[0], marks_[1]);
    return folded(half ^ marks_[2], word ^ marks_[3]);
  }

 private:
  // The constants that end a hash: SipHash's own for numbers, and another for the keys of the marks. So no number that
  // anybody learns is a key of the marks, whatever words the numbers are of.
  static constexpr std::uint64_t kForNumbers = 0xff, kForMarks = 0xee;

  std::uint64_t hash(std::uint64_t word, std::uint64_t purpose) const {
    State at{key_[0] ^ 0x736f6d6570736575, key_[1] ^ 0x646f72616e646f6d, key_[0] ^ 0x6c7967656e657261,
             key_[1] ^ 0x7465646279746573};
    at.d ^= word;
    at.round();
    at.a ^= word;
    at.c ^= purpose;
    for (int i = 0; i < 3; ++i) at.round();
    return at.a ^ at.b ^ at.c ^ at.d;
  }

  static std::uint64_t folded(std::uint64_t a, std::uint64_t b) {
    __extension__ using Product = unsigned __int128;
    const Product product = static_cast<Product>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

  struct State {
    std::uint64_t a, b, c, d;
    void round() {
      a += b;
      c += d;
      b = std::rotl(b, 13) ^ a;
      d = std::rotl(d, 16) ^ c;
      a = std::rotl(a, 32) + d;
      c += b;
      d = std::rotl(d, 21) ^ a;
      b = std::rotl(b, 17) ^ c;
      c = std::rotl(c, 32);
    }
  };

  std::uint64_t key_[2] = {};
  std::array<std::uint64_t, 4> marks_{0x9e3779b97f4a7c15, 0xd1b54a32d192ed03, 0x8cb92ba72f3d8dd7, 0xabc98388fb8fac03};
};

}  // namespace neap
