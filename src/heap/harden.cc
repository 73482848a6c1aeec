// What src/hardened/ asks of the heap: single slots of slabs, and large objects whose memory goes when they end.
#include <cstring>

#include "heap/heap.h"
#include "os/os.h"

namespace neap {
namespace {

// So many objects of a class are counted as events with the first of them.
constexpr std::uint32_t kCountedTogether = 16;

}  // namespace

bool Heap::harden() {
  limbo.draw_secret(os::random());
  PageHeap::Hardening what;
  what.guards = options.guard_pages != 0;
  what.holds = options.no_reuse_of_addresses != 0;
  what.ends = what.guards || what.holds || options.zero_on_free != 0;
  what.waiting = true;
  return pages_.harden(what);
}

// As count_events, without a cache that counts. The first are told at once: a process may have few.
void Heap::count_single_events(std::uint32_t events) {
  const std::uint64_t too_dirty = too_dirty_.load(std::memory_order_relaxed), now = pages_.advance(events);
  const bool is_due = now / kClockStep != (now - events) / kClockStep || too_dirty == 0;
  if (!is_due && pages_.dirty_pages() < too_dirty) return;
  release_due();
  if (!is_due) return;
  look_if_due();
  publish();
}

void* Heap::take_slot(std::size_t c, std::uint32_t start, bool& fresh) {
  if (wants_look(0)) [[unlikely]]
    approach_limit(nullptr);
  const BinId id(static_cast<ClassIndex>(c));
  void* object = bin(id).take_at(id, pages_, start, fresh);
  if (object == nullptr) {
    fresh = false;
    object = allocate_from_reserves(nullptr, From::slabs, c);
  }
  if (bin(id).served() % kCountedTogether == 1) count_single_events(kCountedTogether);
  return object;
}

void Heap::give_slot(std::size_t c, void* object, const char* function) {
  const BinId id(static_cast<ClassIndex>(c));
  bin(id).give_waiting(id, pages_, object, function);
}

void Heap::count_given(std::uint64_t bytes, std::uint32_t objects) {
  pages_.accounts().quarantine_bytes.subtract(bytes);
  count_single_events(objects);
}

// (What the system refuses to take is cleared by hand.)
void Heap::end_large(ThreadCache* cache, Block& first) {
  forget_huge_pages(first);
  const std::size_t pages = first.large.pages, bytes = pages * kPageSize;
  if (!os::decommit(first.address(), bytes) && !os::discard(first.address(), bytes)) {
    std::memset(first.address(), 0, bytes);
  }
  pages_.accounts().returned_pages.add(pages);
  pages_.accounts().return_calls.add(1);
  pages_.end_shut_run(first);
  count_large_event(cache);
}

void* Heap::resize_for_good(ThreadCache* cache, Block& first, std::size_t size) {
  const std::size_t pages = round_up(size, os::page_size) >> kPageShift, old = first.large.pages;
  forget_huge_pages(first);
  if (pages_.resize_guarded(first, pages)) {
    count_large_event(cache);
    return first.address();
  }
  char* to = allocate_run(pages, 1, false, with_headroom(blocks_of(size)));
  if (to == nullptr) to = static_cast<char*>(allocate_large(cache, size, 1, false));
  if (to == nullptr) return pages < old ? first.address() : nullptr;
  std::memcpy(to, first.address(), (pages < old ? pages : old) * kPageSize);
  end_large(cache, first);
  return to;
}

}  // namespace neap
