// Secret: 128 random bits of the process, and what is made of them: a word for each word that nobody can foretell, were
// it that he had seen others (SipHash of one word: J.-P. Aumasson, D. Bernstein, 2012, with one round and three).
#pragma once

#include <bit>
#include <cstdint>

#include "os/os.h"

namespace neap {

class Secret {
 public:
  void draw() {
    key_[0] = os::random();
    key_[1] = os::random();
  }

  std::uint64_t of(std::uint64_t word) const {
    State at{key_[0] ^ 0x736f6d6570736575, key_[1] ^ 0x646f72616e646f6d, key_[0] ^ 0x6c7967656e657261,
             key_[1] ^ 0x7465646279746573};
    at.d ^= word;
    at.round();
    at.a ^= word;
    at.c ^= 0xff;
    for (int i = 0; i < 3; ++i) at.round();
    return at.a ^ at.b ^ at.c ^ at.d;
  }

 private:
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
};

}  // namespace neap
