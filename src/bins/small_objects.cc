#include "bins/small_objects.h"

#include <memory>

namespace neap {
namespace {

// How many slabs one refill may open, and how many noted slabs it looks at for each of them: some have filled up since
// they were noted.
constexpr int kMaxOpened = 4, kMaxCandidates = 4;

}  // namespace

// The order in which objects are looked for:
//
//   bin.take            a slab of the class that has free objects
//   mixed_.take         a hole among other sizes
//   open_sparse_slab    a sparse slab, whose holes then serve all sizes
//   take_before_block   only near a soft limit: any slab that has holes enough
//   mixed_.add_block    an empty mixed block, for a class that has no slab
//   bin.take            a new slab of the class
//
// Those in the middle come only while the class has not earned a slab, where no block is to be had, or near a soft
// limit. A class that does not lie in mixed blocks, and an object that has to lie in a slab, have the first and the
// last alone.
std::uint32_t SmallObjects::take(From from, BinId id, void** out, std::uint32_t want) {
  const std::size_t c = static_cast<std::size_t>(id.c);
  Bin& bin = this->bin(id);
  if (from == From::slabs || !is_mixed_class(c)) return bin.take(id, pages_, out, want);
  if (const std::uint32_t got = bin.take(id, pages_, out, want, Bin::Growth::no)) return got;
  if (!bin.deserves_slab(std::uint64_t{want} * class_size(c)) || pages_.is_short() || limits_.is_near()) {
    for (int opened = 0;; ++opened) {
      if (const std::uint32_t got = mixed_.take(id.c, pages_, out, want)) return got;
      if (opened == kMaxOpened || !open_sparse_slab()) break;
    }
    if (limits_.is_near() && (out[0] = take_before_block(c)) != nullptr) return 1;
    if (!bin.has_slabs() && mixed_.add_block(pages_)) {
      if (const std::uint32_t got = mixed_.take(id.c, pages_, out, want)) return got;
    }
  }
  return bin.take(id, pages_, out, want);
}

// Turns the lowest sparse slab into a mixed block. Some of its pages could be out for release, hence the release lock.
bool SmallObjects::open_sparse_slab() {
  if (!pages_.may_have_sparse()) return false;
  const Guard guard(pages_.release_lock(), Guard::Try{});
  if (!guard) return false;
  bool opened = false;
  for (int tries = 0; !opened && tries < kMaxCandidates; ++tries) {
    Block* block = pages_.take_sparse();
    if (block == nullptr) break;
    const BinId id = BinId::of(*block);
    opened = is_mixed_class(static_cast<std::size_t>(id.c)) &&
             bin(id).hand_over(id, *block, pages_, mixed_, row_of(id.c).sparse_free);
  }
  pages_.end_look();
  return opened;
}

// Objects of the class may lie in slabs of several owners, and in mixed blocks, into which their slab may turn at any
// time. A bin moves those that it does not have to the front.
void SmallObjects::give(std::size_t c, void** objects, std::uint32_t count, const char* function) {
  std::uint32_t mixed = c == kMixed ? count : 0;  // how many at the front lie in mixed blocks
  while (mixed < count) {
    const Block& block = *pages_.map().block_fast(address_of(objects[mixed]));
    if (block.kind.load(std::memory_order_acquire) == BlockKind::mixed) {
      ++mixed;
      continue;
    }
    const BinId id(static_cast<ClassIndex>(c), block.owner.load(std::memory_order_relaxed));
    const std::uint32_t left = bin(id).give(id, pages_, objects + mixed, count - mixed, function);
    if (left == count - mixed && block.kind.load(std::memory_order_acquire) != BlockKind::mixed) break;
    count = mixed + left;
  }
  if (count != 0) mixed_.give(pages_, objects, count, function);
}

// (The slab may have been opened meanwhile.)
void SmallObjects::check_live(Block& block, void* object, const char* function) {
  const BinId id = BinId::of(block);
  const bool in_slab =
      block.kind.load(std::memory_order_acquire) == BlockKind::slab && bin(id).check_live(id, pages_, object, function);
  if (!in_slab) mixed_.check_live(block, object, function);
}

PageMask SmallObjects::set_aside(const Due& due) {
  if (due.what == Due::What::mixed) return mixed_.set_aside(*due.block, pages_);
  const BinId id = BinId::of(*due.block);
  return bin(id).set_aside(id, *due.block, pages_);
}

// (A slab of which something is set aside stays one: it is opened under the release lock alone.)
void SmallObjects::end_aside(const Aside& aside) {
  if (aside.block->kind.load(std::memory_order_relaxed) == BlockKind::mixed) return mixed_.end_aside(aside, pages_);
  const BinId id = BinId::of(*aside.block);
  bin(id).end_aside(id, aside, pages_);
}

void SmallObjects::open_bins(std::size_t owner, char* memory) {
  static_assert(sizeof(OwnerBins) % kCacheLine == 0);
  bins_[owner].store(std::construct_at(reinterpret_cast<OwnerBins*>(memory)), std::memory_order_release);
}

SmallObjects::Sums SmallObjects::sums() const {
  Sums sums{mixed_.bytes_out(), mixed_.served()};
  each_bin([&](const Bin& bin, BinId) {
    sums.bytes_out += bin.bytes_out();
    sums.served += bin.served();
  });
  return sums;
}

void SmallObjects::lock_all() {
  each_bin([](Bin& bin, BinId) { bin.lock().lock(); });
  mixed_.lock().lock();
}

void SmallObjects::unlock_all() {
  mixed_.lock().unlock();
  each_bin([](Bin& bin, BinId) { bin.lock().unlock(); });
}

void SmallObjects::reset_locks() {
  mixed_.lock().reset();
  each_bin([](Bin& bin, BinId) { bin.lock().reset(); });
}

}  // namespace neap
