// Quarantine: where freed objects wait. They leave in random order, when it holds more bytes than it may: whoever frees
// an object cannot foretell when its memory is used again. It has a few parts, each for some of the threads; together
// they hold what the option allows. They lie in memory of their own, which a process that is not hardened has none of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/units.h"
#include "hardened/secret.h"
#include "os/mutex.h"

namespace neap {

class Quarantine {
 public:
  static constexpr std::size_t kParts = 8;

  explicit constexpr Quarantine(const Secret& secret) : secret_(secret) {}

  // Room for objects of so many bytes. False when memory is out. Before all others but those around fork.
  bool open(std::uint64_t bytes);
  std::uint64_t bytes() const { return bytes_; }

  // Puts one in; false when the calling thread's part is full.
  bool put(void* object);
  // Takes any out, of the calling thread's part when that has one; null when all are empty.
  void* take();

  // A number that nobody can foretell, of the calling thread's part.
  std::uint64_t random() { return random(own_part()); }

  void before_fork();
  void after_fork_in_parent();
  void reset_locks();

 private:
  struct alignas(kCacheLine) Part {
    Mutex lock;
    std::uint32_t count = 0;
    void** objects = nullptr;
    std::uint32_t next = 0;               // which leaves next: chosen ahead, so that it is near when it is looked at
    std::atomic<std::uint64_t> rolls{0};  // threads may lose one another's: then two get the same number
  };

  Part& own_part();
  std::uint64_t random(Part& part);
  void choose_next(Part& part);
  void* take(Part& part);

  const Secret& secret_;
  std::uint64_t bytes_ = 0;
  std::uint32_t most_ = 0;  // objects of a part
  std::span<Part> parts_;
};

}  // namespace neap
