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
  populate,
  discard_together
};
inline constexpr std::size_t kCalls = 11;

// Gives all memory back, forgets counts, refusals, hooks, the limit and what was printed.
void reset();

// Lets `skip` more calls pass, then refuses the next `times`.
void refuse(Call call, std::uint64_t skip = 0, std::uint64_t times = UINT64_MAX);
void allow(Call call);
std::uint64_t calls(Call call);
// How often a thread has slept on a lock since the program began.
std::uint64_t waits();

// Sets the size of the system's pages, in bytes, before anything is reserved. reset() sets it to kPageSize.
void set_page_size(std::size_t bytes);
void set_address_space_limit(std::size_t bytes);
// From now on committed memory counts against a limit. reset() ends this.
void count_commits();
// From now on pages are locked in memory. reset() ends this.
void lock_pages();
// From now on several ranges can be discarded by one call. reset() ends this.
void know_together();
// Sets the limit and the use of the process's control group, or forbids the question. UINT64_MAX is no limit; reset()
// sets it, and allows the question.
void set_group_memory(std::uint64_t limit, std::uint64_t used);
void forbid_group_memory();
// Ends all of these but the forbidden question, and the limit of the address space.
void reset_limits();
// Sets what os::random gives. reset() sets 0, so that chunks begin at their slots.
void set_random(std::uint64_t bits);
// Sets what coarse_time says from now on. At first it is 0: there is no clock.
void set_time(std::uint64_t nanoseconds);
// Sets how many CPUs there may be. reset() sets 0: none are known.
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

// The ranges in which huge pages were asked for since reset(), in order. The fake gives none.
std::vector<Range> huge_ranges();

// The ranges given to populate since reset(), in order.
std::vector<Range> populated();

std::string printed();

// An ending of the program that a test can expect: what os::abort does here.
inline constexpr int kAbortExitCode = 70;
// Ends the program in another way.
void set_abort(void (*ending)());

}  // namespace neap::fake_os
