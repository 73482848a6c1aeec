// Quarantine: where freed objects wait. When it holds more bytes than it may, some leave, in random order, so that
// whoever frees an object cannot foretell when its memory is used again. Several leave together, so that their memory,
// which nobody has touched for long, is fetched for all of them at once.
//
// It has kParts parts, each for some of the threads and each with a lock. Together they hold what the option allows.
// They lie in memory of their own, of which a process that is not hardened has none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/units.h"
#include "hardened/secret.h"
#include "os/mutex.h"
#include "sizes/size_class.h"

namespace neap {

class Quarantine {
 public:
  static constexpr std::size_t kParts = 8;

  // A small object and its class, in a word: addresses have 48 bits (pages/page_map.h).
  class Waiting {
   public:
    Waiting() = default;
    Waiting(const void* object, std::size_t c) : word_(address_of(object) | static_cast<std::uint64_t>(c) << kBits) {}
    void* object() const { return reinterpret_cast<void*>(word_ & ((std::uint64_t{1} << kBits) - 1)); }
    std::size_t class_index() const { return word_ >> kBits; }
    std::size_t size() const { return class_size(class_index()); }

   private:
    static constexpr unsigned kBits = 48;
    std::uint64_t word_;
  };
  static constexpr std::size_t kTogether = 16;
  using Leaving = std::array<Waiting, kTogether>;

  explicit constexpr Quarantine(const Secret& secret) : secret_(secret) {}

  // Makes room for objects of so many bytes. Called first, except for the functions around fork. False when memory is
  // out.
  bool open(std::uint64_t bytes);
  std::uint64_t bytes() const { return bytes_; }

  // Puts one in; false when the calling thread's part is full.
  bool put(Waiting object);
  // Takes objects out at random, from the calling thread's part when that has any: until they make up so many bytes, or
  // are as many as may leave together. Returns how many; 0 when all parts are empty.
  std::size_t take(std::uint64_t bytes, Leaving& out);

  // A number that nobody can foretell, of the calling thread's part.
  std::uint32_t random() { return random(own_part()); }

  void before_fork();
  void after_fork_in_parent();
  void reset_locks();

 private:
  struct alignas(kCacheLine) Part {
    Mutex lock;
    std::uint32_t count = 0;
    Waiting* objects = nullptr;
    // Threads may overwrite each other's updates of these two; then both get the same number.
    std::atomic<std::uint64_t> rolls{0}, drawn{0};
  };

  Part& own_part();
  std::uint32_t random(Part& part);
  std::size_t take(Part& part, std::uint64_t bytes, Leaving& out);

  const Secret& secret_;
  std::uint64_t bytes_ = 0;
  std::uint32_t most_ = 0;  // objects of a part
  std::span<Part> parts_;
};

}  // namespace neap
