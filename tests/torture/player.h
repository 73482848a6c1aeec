// Player: one thread's share of a torture: objects of its own, marked on every byte, that are made, resized, freed, and
// exchanged for other players' on a shelf. Needs no memory of its own, and does without an object that is refused.
#ifndef NEAP_TESTS_TORTURE_PLAYER_H
#define NEAP_TESTS_TORTURE_PLAYER_H

#include <array>
#include <atomic>

#include "object.h"

namespace torture {

using stress::Object;
using stress::Random;

// Where players exchange objects: whoever takes one owns it. A child of a fork may find a place busy for ever, or its
// object half written: it keeps off.
class Shelf {
 public:
  // Puts an object there and takes what lay there, which is nothing at first.
  Object exchange(Random& random, const Object& object) {
    Place& place = places_[random.below(places_.size())];
    if (place.busy.test_and_set(std::memory_order_acquire)) return object;
    const Object before = place.object;
    place.object = object;
    place.busy.clear(std::memory_order_release);
    return before;
  }
  // When no player plays any more.
  void free_all() {
    for (Place& place : places_) {
      if (place.object.bytes != nullptr) stress::destroy(place.object);
    }
  }

 private:
  struct Place {
    std::atomic_flag busy;
    Object object;
  };
  std::array<Place, 64> places_;
};

class Player {
 public:
  enum class Refusals { are_faults, are_borne };

  // Without a shelf it does not exchange.
  void begin(std::uint64_t seed, Shelf* shelf, Refusals refusals) {
    random_ = Random(seed);
    shelf_ = shelf;
    refusals_ = refusals;
  }
  Random& random() { return random_; }
  const auto& slots() const { return slots_; }

  std::size_t any_size() { return random_.size(random_.one_in(150) ? 21 : random_.one_in(8) ? 16 : 10) + 1; }

  void play(int steps) {
    for (int i = 0; i < steps; ++i) step(slots_[random_.below(slots_.size())]);
  }

  // Several objects grow by turns: none can always grow in place.
  void grow_by_turns(std::size_t top) {
    const std::size_t percent = 105 + random_.below(95);
    std::array<Object, 3> growing;
    for (Object& object : growing) get(object, 1 + random_.below(300));
    for (std::size_t size = 300; size < top; size = size * percent / 100) {
      for (Object& object : growing) {
        if (object.bytes != nullptr) resize(object, size);
      }
    }
    for (Object& object : growing) {
      if (object.bytes == nullptr) continue;
      resize(object, 1 + random_.below(top));
      stress::destroy(object);
    }
  }

  // A size that is written whole and comes again: a spare run, or huge pages and a look at them when it ends.
  void come_again(std::size_t size, int times) {
    for (int i = 0; i < times; ++i) {
      Object object;
      if (get(object, size)) stress::destroy(object);
    }
  }

  // Many of one size at a time, freed in the order in which they came, or backwards, or in steps.
  void burst(std::size_t size) {
    std::array<Object, 257> all;  // a prime number: any step comes by all of them
    for (Object& object : all) get(object, size);
    const std::size_t step = std::array<std::size_t, 4>{1, 2, 64, all.size() - 1}[random_.below(4)];
    for (std::size_t i = 0; i < all.size(); ++i) {
      Object& object = all[i * step % all.size()];
      if (object.bytes != nullptr) stress::destroy(object);
    }
  }

  // Every slot holds an object afterwards: no one may be refused.
  void demand_all() {
    for (Object& slot : slots_) {
      if (slot.bytes == nullptr) slot = stress::make(random_, any_size());
    }
  }

  void free_all() {
    for (Object& slot : slots_) {
      if (slot.bytes != nullptr) stress::destroy(slot);
    }
  }

 private:
  bool get(Object& object, std::size_t size) {
    const bool made = stress::try_make(random_, size, object);
    stress::require(made || refusals_ == Refusals::are_borne, stress::refused);
    return made;
  }
  void resize(Object& object, std::size_t size) {
    const bool done = stress::try_resize(object, size);
    stress::require(done || refusals_ == Refusals::are_borne, stress::refused);
  }
  void step(Object& slot) {
    const std::size_t way = random_.below(8);
    if (slot.bytes == nullptr) {
      get(slot, any_size());
    } else if (way < 2 && shelf_ != nullptr) {
      slot = shelf_->exchange(random_, slot);
    } else if (way < 4) {
      resize(slot, any_size());
    } else {
      stress::destroy(slot);
    }
  }

  Random random_{0};
  Shelf* shelf_ = nullptr;
  Refusals refusals_ = Refusals::are_faults;
  std::array<Object, 250> slots_;
};

}  // namespace torture

#endif
