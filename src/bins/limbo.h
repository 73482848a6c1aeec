// Limbo: where a freed object is while it waits in a cache, and so is one that was fetched ahead for a cache. To its
// slab such an object is live; that nobody has it shows in its first word, the key: a secret of the process and the
// object's address. So a second free finds it wherever the object waits, and a copy of freed memory elsewhere is no
// key. A live object holds its key by chance once in 2^63.
//
// What always holds: objects in stacks and stashes carry the key (until somebody writes to freed memory), and objects
// in use do not. Whoever hands one out has cleared the word, or taken the object from a page that reads as zeros. So
// memory is written to only where a page is counted as resident.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/units.h"

namespace neap {

class Limbo {
 public:
  // Before any object is in limbo, once.
  void draw_secret(std::uint64_t random) {
    secret_.store(random | kNoAddress, std::memory_order_relaxed);
    drawn_ = true;
  }
  bool has_secret() const { return drawn_; }

  std::uint64_t key(const void* object) const { return secret_.load(std::memory_order_relaxed) ^ address_of(object); }
  static bool holds(const void* object, std::uint64_t key) { return *static_cast<const Word*>(object) == key; }
  static void enter(void* object, std::uint64_t key) { *static_cast<Word*>(object) = key; }
  static void leave(void* object) { *static_cast<Word*>(object) = 0; }

  bool holds(const void* object) const { return holds(object, key(object)); }
  void enter(void* object) const { enter(object, key(object)); }
  void enter(void* const* objects, std::uint32_t count) const {
    for (std::uint32_t i = 0; i < count; ++i) enter(objects[i]);
  }

 private:
  using Word [[gnu::may_alias]] = std::uint64_t;

  // Set in every key: none is 0, and none an address that a program may have stored.
  static constexpr std::uint64_t kNoAddress = std::uint64_t{1} << 63;

  std::atomic<std::uint64_t> secret_{kNoAddress};  // without caches nothing is in limbo; its value matters to nobody
  bool drawn_ = false;
};

}  // namespace neap
