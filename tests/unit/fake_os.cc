#include "fake_os.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "base/units.h"
#include "os/os.h"

namespace neap {
namespace fake_os {
namespace {

enum class Page : std::uint8_t { reserved, readable, committed };

struct Plan {
  std::uint64_t calls = 0, skip = UINT64_MAX, times = 0;
};

struct System {
  std::mutex lock;
  std::map<std::uintptr_t, std::vector<Page>> reserved;  // by address; one entry a page
  std::array<Plan, kCalls> plans;
  std::size_t limit = SIZE_MAX, cpus = 0;
  bool counts_commits = false, locks_pages = false, knows_together = false, tells_group = true;
  os::GroupMemory group;
  std::uint64_t random = 0, time = 0;
  DiscardHook hook;
  std::vector<Range> discards, huge, populated;
  std::string printed;
};

void (*ending)() = nullptr;

constinit std::atomic<std::uint64_t> sleeps{0};  // apart: a child of fork may find the lock taken

System& system() {
  static System* it = new System;
  return *it;
}

[[noreturn]] void broken(const char* what, const void* address, std::size_t size) {
  std::fprintf(stderr, "fake_os: %s (%p, %zu bytes)\n", what, address, size);
  std::abort();
}

// Counts a call and tells whether it may go on. The caller holds the lock.
bool permitted(Call call) {
  Plan& plan = system().plans[static_cast<std::size_t>(call)];
  ++plan.calls;
  if (plan.skip > 0) {
    if (plan.skip != UINT64_MAX) --plan.skip;
    return true;
  }
  if (plan.times == 0) return true;
  --plan.times;
  return false;
}

// The pages of [address, address + size), which must lie in one reservation.
Page* pages_at(const void* address, std::size_t size, const char* function) {
  const std::uintptr_t begin = address_of(address);
  if (begin % os::page_size != 0 || size % os::page_size != 0 || size == 0) broken(function, address, size);
  auto after = system().reserved.upper_bound(begin);
  if (after == system().reserved.begin()) broken(function, address, size);
  auto& [base, pages] = *--after;
  const std::size_t first = (begin - base) / kPageSize;
  if (first + size / kPageSize > pages.size()) broken(function, address, size);
  return pages.data() + first;
}

void require_committed(const void* address, std::size_t size, const char* function) {
  const Page* page = pages_at(address, size, function);
  for (std::size_t i = 0; i < size / kPageSize; ++i) {
    if (page[i] != Page::committed) broken(function, address, size);
  }
}

bool change(void* address, std::size_t size, Page to, int protection, const char* function) {
  Page* page = pages_at(address, size, function);
  for (std::size_t i = 0; i < size / kPageSize; ++i) page[i] = to;
  return mprotect(address, size, protection) == 0;
}

constexpr int kMapFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

// Maps memory at any place. Returns 0 when there is none.
std::uintptr_t map_anywhere(std::size_t size, std::size_t align, std::size_t offset) {
  const std::size_t slack = align > kPageSize ? align : 0;
  void* got = mmap(nullptr, size + slack, PROT_NONE, kMapFlags, -1, 0);
  if (got == MAP_FAILED) return 0;
  const std::uintptr_t at = address_of(got), begin = round_up(at - offset, align) + offset;
  if (begin > at) munmap(got, begin - at);
  if (at + slack > begin) munmap(pointer_to(begin + size), at + slack - begin);
  return begin;
}
std::uintptr_t map_below(std::size_t size, std::size_t align, std::size_t offset, std::uintptr_t below) {
  constexpr int kTries = 100;
  std::uintptr_t place = ((below - size - offset) & ~(align - 1)) + offset;
  for (int i = 0; i < kTries && place > align; ++i, place -= align) {
    if (mmap(pointer_to(place), size, PROT_NONE, kMapFlags | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED) return place;
  }
  return 0;
}

}  // namespace

void reset() {
  System& s = system();
  const std::lock_guard guard(s.lock);
  for (auto& [base, pages] : s.reserved) munmap(pointer_to(base), pages.size() * kPageSize);
  s.reserved.clear();
  s.plans = {};
  os::page_size = kPageSize;
  s.limit = SIZE_MAX;
  s.cpus = 0;
  s.counts_commits = s.locks_pages = s.knows_together = false;
  s.tells_group = true;
  s.group = {};
  s.random = s.time = 0;
  s.hook = nullptr;
  s.discards.clear();
  s.huge.clear();
  s.populated.clear();
  s.printed.clear();
}

void refuse(Call call, std::uint64_t skip, std::uint64_t times) {
  const std::lock_guard guard(system().lock);
  Plan& plan = system().plans[static_cast<std::size_t>(call)];
  plan.skip = skip;
  plan.times = times;
}

void allow(Call call) { refuse(call, UINT64_MAX, 0); }

std::uint64_t calls(Call call) {
  const std::lock_guard guard(system().lock);
  return system().plans[static_cast<std::size_t>(call)].calls;
}
std::uint64_t waits() { return sleeps; }

void set_page_size(std::size_t bytes) { os::page_size = bytes; }
void set_address_space_limit(std::size_t bytes) { system().limit = bytes; }
void set_abort(void (*other)()) { ending = other; }
void count_commits() { system().counts_commits = true; }
void lock_pages() { system().locks_pages = true; }
void know_together() { system().knows_together = true; }
void set_group_memory(std::uint64_t limit, std::uint64_t used) { system().group = {limit, used}; }
void forbid_group_memory() { system().tells_group = false; }
void reset_limits() {
  system().limit = SIZE_MAX;
  system().group = {};
  system().counts_commits = system().locks_pages = false;
}
void set_random(std::uint64_t bits) { system().random = bits; }
void set_time(std::uint64_t nanoseconds) { system().time = nanoseconds; }
void set_cpu_bound(std::size_t cpus) { system().cpus = cpus; }
void before_discard(DiscardHook hook) { system().hook = std::move(hook); }

std::vector<Range> reservations() {
  const std::lock_guard guard(system().lock);
  std::vector<Range> all;
  for (auto& [base, pages] : system().reserved) all.push_back({pointer_to(base), pages.size() * kPageSize});
  return all;
}

std::vector<Range> committed() {
  const std::lock_guard guard(system().lock);
  std::vector<Range> all;
  for (auto& [base, pages] : system().reserved) {
    bool goes_on = false;
    for (std::size_t i = 0; i < pages.size(); ++i) {
      if (pages[i] == Page::committed) {
        if (!goes_on) all.push_back({pointer_to(base + i * kPageSize), 0});
        all.back().size += kPageSize;
      }
      goes_on = pages[i] == Page::committed;
    }
  }
  return all;
}

std::vector<Range> discards() {
  const std::lock_guard guard(system().lock);
  return system().discards;
}

std::vector<Range> huge_ranges() {
  const std::lock_guard guard(system().lock);
  return system().huge;
}

std::vector<Range> populated() {
  const std::lock_guard guard(system().lock);
  return system().populated;
}

std::string printed() {
  const std::lock_guard guard(system().lock);
  return system().printed;
}

}  // namespace fake_os

namespace os {

using fake_os::Call;
using fake_os::Page;
using fake_os::system;

std::size_t read_page_size() { return page_size; }

void* reserve(std::size_t size, std::size_t align, std::size_t offset, std::uintptr_t below) {
  if (size == 0 || size % page_size != 0 || align % page_size != 0 || !is_power_of_two(align) ||
      offset % page_size != 0 || offset >= align) {
    fake_os::broken("reserve", nullptr, size);
  }
  const std::lock_guard guard(system().lock);
  if (!fake_os::permitted(Call::reserve)) return nullptr;
  if (size > SIZE_MAX / 4 || align > SIZE_MAX / 4) return nullptr;
  const std::uintptr_t begin =
      below == 0 ? fake_os::map_anywhere(size, align, offset) : fake_os::map_below(size, align, offset, below);
  if (begin == 0) return nullptr;
  madvise(pointer_to(begin), size, MADV_NOHUGEPAGE);  // on a huge page it would not show which pages were written
  system().reserved.emplace(begin, std::vector<Page>(size / kPageSize, Page::reserved));
  return pointer_to(begin);
}

void unreserve(void* address, std::size_t size) {
  const std::lock_guard guard(system().lock);
  fake_os::permitted(Call::unreserve);
  const auto it = system().reserved.find(address_of(address));
  if (it == system().reserved.end() || it->second.size() * kPageSize != size) {
    fake_os::broken("unreserve of what is no whole reservation", address, size);
  }
  system().reserved.erase(it);
  munmap(address, size);
}

bool commit(void* address, std::size_t size) {
  const std::lock_guard guard(system().lock);
  if (!fake_os::permitted(Call::commit)) return false;
  return fake_os::change(address, size, Page::committed, PROT_READ | PROT_WRITE, "commit");
}

bool decommit(void* address, std::size_t size) {
  const std::lock_guard guard(system().lock);
  fake_os::require_committed(address, size, "decommit of pages that are not committed");
  if (!fake_os::permitted(Call::decommit)) return false;
  return madvise(address, size, MADV_DONTNEED) == 0 &&
         fake_os::change(address, size, Page::reserved, PROT_NONE, "decommit");
}

bool counts_commits() { return system().counts_commits; }

std::uint64_t coarse_time() { return system().time; }

bool locks_pages() { return system().locks_pages; }

std::uint64_t random() { return system().random; }

bool make_readable(void* address, std::size_t size) {
  const std::lock_guard guard(system().lock);
  if (!fake_os::permitted(Call::make_readable)) return false;
  return fake_os::change(address, size, Page::readable, PROT_READ, "make_readable");
}

bool discard(void* address, std::size_t size) {
  if (const fake_os::DiscardHook hook = system().hook)
    hook(static_cast<char*>(address), size);  // a copy: it may end itself
  const std::lock_guard guard(system().lock);
  fake_os::require_committed(address, size, "discard of pages that are not committed");
  if (!fake_os::permitted(Call::discard)) return false;
  system().discards.push_back({static_cast<char*>(address), size});
  return madvise(address, size, MADV_DONTNEED) == 0;
}

std::size_t discard_together(const Range* ranges, std::size_t count) {
  if (!fake_os::permitted(Call::discard_together)) return 0;
  std::size_t done = 0;
  while (done < count && discard(ranges[done].address, ranges[done].size)) ++done;
  return done;
}

bool may_discard_together() { return system().knows_together; }

void forbid_huge_pages(void* address, std::size_t size) {
  const std::lock_guard guard(system().lock);
  fake_os::pages_at(address, size, "forbid_huge_pages");
  fake_os::permitted(Call::forbid_huge_pages);
}

void allow_huge_pages(void* address, std::size_t size) {
  const std::lock_guard guard(system().lock);
  fake_os::require_committed(address, size, "huge pages where nothing is committed");
  if (fake_os::permitted(Call::allow_huge_pages)) system().huge.push_back({static_cast<char*>(address), size});
}

bool populate(void* address, std::size_t size) {
  const std::lock_guard guard(system().lock);
  fake_os::require_committed(address, size, "populate of pages that are not committed");
  if (!fake_os::permitted(Call::populate)) return false;
  system().populated.push_back({static_cast<char*>(address), size});
  for (volatile char* page = static_cast<char*>(address); size > 0; size -= kPageSize, page += kPageSize) *page = *page;
  return true;
}

bool which_written(void* address, std::size_t pages, unsigned char* out) {
  const std::lock_guard guard(system().lock);
  fake_os::require_committed(address, pages * kPageSize, "which_written of pages that are not committed");
  return fake_os::permitted(Call::which_written) && page_size == kPageSize &&
         mincore(address, pages * kPageSize, out) == 0;
}

std::size_t cpu_bound() { return fake_os::system().cpus; }

bool group_memory(GroupMemory& out) {
  if (system().tells_group) out = system().group;
  return system().tells_group;
}

std::size_t address_space_limit() { return system().limit; }

void wait(const std::uint32_t*, std::uint32_t) {
  ++fake_os::sleeps;
  usleep(50);
}
void wake_one(const std::uint32_t*) {}

void print(const char* text, std::size_t size) {
  const std::lock_guard guard(system().lock);
  system().printed.append(text, size);
  std::fwrite(text, 1, size, stderr);
}

void abort() {
  if (fake_os::ending != nullptr) fake_os::ending();
  std::_Exit(fake_os::kAbortExitCode);
}

}  // namespace os
}  // namespace neap
