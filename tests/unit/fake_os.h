// A system for tests: implements os/os.h over real memory, counts the calls, refuses those it is told to refuse, and
// ends the program when a precondition of os.h is broken (ranges of whole system pages, only committed ones are
// discarded, whole reservations). Everything reserved goes back at reset(), which every fixture calls before and after
// its test. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace neap {

// What tests count in.
inline constexpr std::size_t kMiB = std::size_t{1} << 20;  // bytes
inline constexpr std::uint64_t kMillisecond = 1'000'000;   // nanoseconds, as the clock's

}  // namespace neap

namespace neap::fake_os {

enum class Call {
  reserve,
  unreserve,
  commit,
  decommit,
  make_readable,
  discard,
  forbid_huge_pages,
  allow_huge_pages,
  which_written,
  populate
};
inline constexpr std::size_t kCalls = 10;

// Gives all memory back, forgets counts, refusals, hooks, the limit and what was printed.
void reset();

// Lets `skip` more calls pass, then refuses the next `times`.
void refuse(Call call, std::uint64_t skip = 0, std::uint64_t times = UINT64_MAX);
void allow(Call call);
std::uint64_t calls(Call call);

// Of the system's pages, bytes; kPageSize after reset(). Before anything is reserved.
void set_page_size(std::size_t bytes);
void set_address_space_limit(std::size_t bytes);
// What is committed counts against a limit; does not, after reset().
void count_commits();
// Pages are locked in memory; are not, after reset().
void lock_pages();
// Of the process's control group; UINT64_MAX: no limit, as after reset(). And that nobody may ask.
void set_group_memory(std::uint64_t limit, std::uint64_t used);
void forbid_group_memory();
// None of these, and no limit.
void reset_limits();
// What os::random gives; 0 after reset(), so that chunks begin at their slots.
void set_random(std::uint64_t bits);
// What coarse_time says from now on; 0 at first: there is no clock.
void set_time(std::uint64_t nanoseconds);
// 0, and none are known, after reset().
void set_cpu_bound(std::size_t cpus);

// Runs before every discard, outside the fake's own lock: what other threads could do at that moment.
using DiscardHook = std::function<void(char* begin, std::size_t size)>;
void before_discard(DiscardHook hook);

struct Range {
  char* begin;
  std::size_t size;
};
std::vector<Range> reservations();
// Runs of committed pages, by address.
std::vector<Range> committed();
// The ranges given to discard since reset(), in order.
std::vector<Range> discards();

// The ranges in which huge pages were asked for since reset(), in order. None is laid.
std::vector<Range> huge_ranges();

// The ranges given to populate since reset(), in order.
std::vector<Range> populated();

std::string printed();

// An ending of the program that a test can expect: what os::abort does here.
inline constexpr int kAbortExitCode = 70;
// Another ending.
void set_abort(void (*ending)());

}  // namespace neap::fake_os
