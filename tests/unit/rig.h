// A heap of its own over the fake system, with malloc, free and realloc as api/ makes them of it, for any cache. A
// thread cache belongs to whoever passes it: one thread may play several.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "fake_os.h"
#include "hardened/hardened.h"
#include "heap/heap.h"
#include "ledger.h"

namespace neap {

// How a program ends in which misuse was found, for EXPECT_EXIT.
inline const testing::ExitedWithCode aborted(fake_os::kAbortExitCode);

// Ends the fixed view that there is only one thread, as a program's first pthread_create does.
void leave_single_thread();
// Begins that view again when all threads have ended: glibc does not notice that the last one did.
void return_to_single_thread();

class Rig {
 public:
  explicit Rig(std::size_t system_page = kPageSize) {
    fake_os::reset();
    fake_os::set_page_size(system_page);
  }
  ~Rig() { fake_os::reset(); }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  // Makes the heap a hardened one, as its options say, before the first object. Caches are of no use from then on.
  void harden() {
    hardened = std::make_unique<Hardened>(heap);
    ASSERT_TRUE(hardened->open());
  }

  // Lets every size class ask for so much that its objects go to slabs of its own.
  void warm_up();

  // Which dirty pages stay by the limit: all of them, so that nothing goes back unless a test asks; or none.
  void keep_dirty_pages() { heap.options.dirty_floor = std::uint64_t{1} << 40; }
  void keep_no_dirty_pages() { heap.options.dirty_floor = heap.options.dirty_percent = 0; }

  void* allocate(ThreadCache* cache, std::size_t size, bool zero = false);
  void* allocate_aligned(std::size_t align, std::size_t size, ThreadCache* cache = nullptr, bool zero = false) {
    return hardened ? hardened->allocate(size, align, zero) : heap.allocate_large(cache, size, align, zero);
  }
  void free(ThreadCache* cache, void* object);
  void* reallocate(ThreadCache* cache, void* object, std::size_t size);
  std::size_t usable(void* object) {
    return hardened ? hardened->usable_size(object, "usable")
                    : heap.usable_size(heap.block_of(object, "usable"), object);
  }
  Block& block(void* object) { return *heap.map().block_fast(address_of(object)); }

  // The heap's own sums.
  const neap_telemetry& sums() {
    heap.publish();
    return board;
  }
  // Fails the test unless the sums equal a recount and every block is in order.
  void expect_in_order();
  Ledger recounted() { return recount(*map_); }

 private:
  static void* pop(ThreadCache& cache, std::size_t c);

  std::unique_ptr<PageMap> map_ = std::make_unique<PageMap>();

 public:
  neap_telemetry board{};
  Heap heap{*map_, board};
  std::unique_ptr<Hardened> hardened;  // or null
};

// For tests of the parts below the caches, on a page heap without the rest of a heap.
class PartsTest : public testing::Test {
 protected:
  Rig system_;  // the fake one, as it was
  std::unique_ptr<PageMap> map_ = std::make_unique<PageMap>();
  PageHeap pages_{*map_};
  Options options_;
  Limits limits_{options_, pages_};
  SmallObjects small_{pages_, limits_};
};

// For tests of one heap.
class RigTest : public testing::Test {
 protected:
  std::vector<void*> make(ThreadCache* cache, std::size_t count, std::size_t size) {
    std::vector<void*> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(rig_.allocate(cache, size));
    return all;
  }
  void free(ThreadCache* cache, const std::vector<void*>& objects) {
    for (void* object : objects) rig_.free(cache, object);
  }
  // How much the cache of one of so many threads may hold, in a heap of so many bytes.
  std::uint64_t largest_budget(std::uint64_t heap, std::uint64_t threads) const {
    const std::uint64_t bytes = rig_.heap.options.cache_bytes, fair = heap / threads;
    return std::max(bytes, std::min(fair / 2, bytes * 16));
  }

  // What the stacks of a cache may hold, in bytes.
  static std::int64_t capacity_bytes(ThreadCache& cache) {
    std::int64_t bytes = 0;
    for (std::size_t c = 0; c < kCachedClasses; ++c)
      bytes += std::int64_t{cache.own_stack(c).capacity()} * class_size(c);
    return bytes;
  }
  void expect_budget_kept(ThreadCache& cache) {
    peak_ = std::max(peak_, std::uint64_t{rig_.sums().resident_bytes});
    EXPECT_EQ(cache.own.budget + capacity_bytes(cache), cache.own.granted);
    EXPECT_LE(cache.own.granted, static_cast<std::int64_t>(largest_budget(peak_, 1)));
    for (std::size_t c = 0; c < kCachedClasses; ++c) {
      EXPECT_LE(cache.own_stack(c).capacity(), kThreadShape.max_capacity(c));
      EXPECT_LE(cache.own_stack(c).count(), cache.own_stack(c).capacity());
    }
  }

  Rig rig_;

 private:
  std::uint64_t peak_ = 0;  // the most resident bytes that a look has shown
};

// The same, where nothing goes back to the system unless a test asks.
class KeepingRigTest : public RigTest {
 protected:
  KeepingRigTest() { rig_.keep_dirty_pages(); }
};

}  // namespace neap
