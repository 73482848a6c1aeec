// Operations on a whole heap against a model that knows each object's place, size and contents: objects never overlap,
// keep what was written, read as zeros when that was asked, and the heap's sums equal a recount. What is done next is
// chosen by whoever supplies the choices: a seed, or a fuzzer's bytes.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <random>

#include "rig.h"

namespace neap {

class Choices {
 public:
  virtual ~Choices() = default;
  virtual std::size_t below(std::size_t bound) = 0;
  virtual bool over() const { return false; }
};

class SeededChoices final : public Choices {
 public:
  explicit SeededChoices(unsigned seed) : random_(seed) {}
  std::size_t below(std::size_t bound) override { return random_() % bound; }

 private:
  std::mt19937_64 random_;
};

struct Object {
  std::size_t size;
  unsigned char fill;
};

enum class Kind : std::uint8_t { usual, hardened };

class Model {
 public:
  explicit Model(Choices& choices, std::size_t system_page = kPageSize, Kind kind = Kind::usual)
      : rig_(system_page), choices_(choices) {
    Options& options = rig_.heap.options;
    options.decay_events = pick(2) == 0 ? 0 : pick(3000);
    options.dirty_floor = pick(3) == 0 ? 0 : pick(4 << 20);
    options.cache_bytes = pick(4) == 0 ? pick(2000) : options.cache_bytes;
    options.soft_limit = pick(3) == 0 ? 1 + pick(8 << 20) : 0;
    rig_.heap.look_at_limit();
    if (pick(2) == 0) fake_os::set_cpu_bound(64);  // where there are other threads, the CPUs' caches are used then
    if (kind == Kind::hardened) harden();
    for (const int i : {0, 1}) caches_[i] = rig_.heap.open_cache();
  }

  void run(int steps) {
    for (int i = 0; i < steps && !choices_.over() && !testing::Test::HasFailure(); ++i) {
      if (pick(400) == 0) growing_ = pick(3) != 0;
      if (pick(300) == 0) trouble();
      if (pick(100) == 0) fake_os::set_time(time_ += 60'000'000);
      step();
      if (pick(150) == 0) burst();
      if (i % 500 == 499) look();
    }
    finish();
  }

  std::uint64_t mixed_blocks_seen() const { return mixed_blocks_seen_; }

 private:
  // Hardens the heap with all switches, or with any of them.
  void harden() {
    Options& options = rig_.heap.options;
    neap::harden(options, true);
    options.quarantine = pick(200 << 10);
    if (pick(2) == 0) {
      for (const HardenedOption& one : kHardenedOptions) options.*one.value = pick(2) == 0 ? 0 : options.*one.value;
    }
    rig_.harden();
    if (pick(2) == 0) rig_.heap.mappings().add(2900 + pick(1100));  // guards become few, and soon nothing is shut
  }

  void look() {
    rig_.expect_in_order();
    mixed_blocks_seen_ += rig_.recounted().mixed_blocks;
  }

  // Makes many objects of one size, or ends most of all objects. So there come to be slabs of sizes that nobody asks
  // for any more.
  void burst() {
    if (pick(2) == 0) {
      const std::size_t size = 1 + pick(pick(2) == 0 ? 200 : 3000);
      for (std::size_t i = 150000 / (size + 100); i > 0; --i) allocate(size);
      return;
    }
    for (auto it = objects_.begin(); it != objects_.end();) {
      const auto next = std::next(it);
      if (pick(5) != 0) free(it);
      it = next;
    }
    look();
  }

  std::size_t pick(std::size_t below) { return choices_.below(below); }

  std::size_t any_size() {
    switch (pick(10)) {
      case 0:
        return 1 + pick(400 << 10);
      case 1:
        return 1 + pick(40 << 10);
      case 2:
        return 1 + pick(4096);
      default:
        return 1 + pick(300);
    }
  }
  ThreadCache* any_cache() { return caches_[pick(3)]; }
  // The first object above any address between the first and the last.
  auto any_object() {
    const char* const first = objects_.begin()->first;
    const std::size_t span = static_cast<std::size_t>(objects_.rbegin()->first - first) + 1;
    return objects_.lower_bound(objects_.begin()->first + pick(span));
  }

  void step() {
    const std::size_t action = pick(100);
    if (objects_.empty() || action < (growing_ ? 48u : 30u)) return allocate();
    if (action < 80) return free(any_object());
    if (action < 97) return resize(any_object());
    if (action == 97) return rig_.heap.flush(*caches_[pick(2)]);
    if (action == 98) return static_cast<void>(rig_.heap.release_all());
    ThreadCache*& cache = caches_[pick(2)];
    rig_.heap.close_cache(*cache);
    cache = rig_.heap.open_cache();  // the one just closed, which needs no memory
  }

  void allocate() { allocate(any_size()); }
  void allocate(std::size_t size) {
    const bool zero = pick(4) == 0;
    const std::size_t align = pick(30) == 0 ? kPageSize << pick(8) : 1;
    void* got =
        align > 1 ? rig_.allocate_aligned(align, size, any_cache(), zero) : rig_.allocate(any_cache(), size, zero);
    if (got == nullptr) return refused(size);
    EXPECT_EQ(address_of(got) % align, 0u);
    char* at = static_cast<char*>(got);
    if (zero) check(at, 0, size, 0, "not zeroed");
    enter(at, {size, static_cast<unsigned char>(1 + pick(255))}, 0);
  }

  void refused(std::size_t size) { EXPECT_TRUE(troubled_) << "no memory for " << size << " bytes"; }

  void free(std::map<char*, Object>::iterator it) {
    check(it->first, 0, it->second.size, it->second.fill, "changed before its free");
    char* at = it->first;
    objects_.erase(it);
    rig_.free(any_cache(), at);
  }

  void resize(std::map<char*, Object>::iterator it) {
    const Object old = it->second;
    char* from = it->first;
    const std::size_t size = pick(2) == 0 ? any_size() : std::min(old.size + pick(old.size + 1), kMostBytes);
    char* to = static_cast<char*>(rig_.reallocate(any_cache(), from, size));
    if (to == nullptr) return refused(size);
    objects_.erase(it);
    check(to, 0, std::min(size, old.size), old.fill, "changed by its resize");
    enter(to, {size, old.fill}, std::min(size, old.size));
  }

  // Enters an object into the model, filled from `from` on; fails when it overlaps another.
  void enter(char* at, Object object, std::size_t from) {
    const auto next = objects_.lower_bound(at);
    EXPECT_TRUE(next == objects_.end() || at + object.size <= next->first) << "overlaps the next object";
    EXPECT_TRUE(next == objects_.begin() || std::prev(next)->first + std::prev(next)->second.size <= at)
        << "overlaps the one before";
    EXPECT_GE(rig_.usable(at), object.size);
    std::memset(at + from, object.fill, object.size - from);
    objects_.emplace(at, object);
  }

  static void check(const char* at, std::size_t from, std::size_t to, unsigned char fill, const char* what) {
    for (std::size_t i = from; i < to; ++i) {
      if (static_cast<unsigned char>(at[i]) != fill) {
        ADD_FAILURE() << what << ": byte " << i << " of " << to;
        return;
      }
    }
  }

  static constexpr std::size_t kMostBytes = std::size_t{64} << 20;  // that an object grows to by doubling
  static constexpr fake_os::Call kRefusable[] = {fake_os::Call::reserve, fake_os::Call::commit, fake_os::Call::discard,
                                                 fake_os::Call::decommit};

  static void allow_all() {
    for (const fake_os::Call call : kRefusable) fake_os::allow(call);
  }

  // Begins or ends a time in which the system refuses something.
  void trouble() {
    allow_all();
    troubled_ = pick(2) == 0;
    if (troubled_) fake_os::refuse(kRefusable[pick(std::size(kRefusable))], pick(5), 1 + pick(40));
  }

  void finish() {
    allow_all();
    while (!objects_.empty()) free(objects_.begin());
    if (rig_.hardened) rig_.hardened->empty_quarantine("test");
    for (ThreadCache* cache : {caches_[0], caches_[1]}) rig_.heap.close_cache(*cache);
    rig_.expect_in_order();
    EXPECT_EQ(rig_.sums().small_bytes, 0u);
    EXPECT_EQ(rig_.sums().large_bytes, 0u);
  }

  Rig rig_;
  Choices& choices_;
  ThreadCache* caches_[3] = {};  // the last stays null, for a thread without a cache
  std::map<char*, Object> objects_;
  bool growing_ = true, troubled_ = false;
  std::uint64_t mixed_blocks_seen_ = 0, time_ = 1;
};

}  // namespace neap
