// Accounts: the heap's sums in pages. They change where pages change hands, and the release policy and the telemetry
// read them. All are relaxed atomics: each sum is exact once the process is quiet, and nothing depends on the order of
// two. A sum that changes under one lock alone needs no atomic read-modify-write, which costs as much as a lock.
#pragma once

#include <atomic>
#include <cstdint>

#include "os/mutex.h"

namespace neap {

class Counter {
 public:
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }
  void add(std::uint64_t n) {
    if (single_threaded()) {
      value_.store(get() + n, std::memory_order_relaxed);
    } else {
      value_.fetch_add(n, std::memory_order_relaxed);
    }
  }
  void subtract(std::uint64_t n) { add(~n + 1); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// A sum that changes under one lock alone. Readers need no lock.
class LockedCounter {
 public:
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }
  void add(std::uint64_t n) { value_.store(get() + n, std::memory_order_relaxed); }
  void subtract(std::uint64_t n) { add(~n + 1); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct Accounts {
  Counter resident_pages;         // that may hold memory, dirty ones included
  Counter marked_pages;           // dirty, in Block::dirty of their blocks
  LockedCounter run_pages;        // of large objects and spares
  LockedCounter runs;             // that have them
  LockedCounter large_served;     // large objects, ever
  Counter returned_pages;         // ever given back to the system
  Counter reused_pages;           // dirty ones ever taken again
  Counter missed_pages;           // ever taken anew soon after they were returned: PageHeap::is_missed
  Counter return_calls;           // discards made for it
  LockedCounter committed_bytes;  // heap
  LockedCounter reserved_bytes;   // heap
  Counter metadata_bytes;         // committed for the library itself
  Counter quarantine_bytes;       // of freed objects that wait in a hardened heap; to their slabs they are live

  void reuse(std::uint64_t dirty) {
    marked_pages.subtract(dirty);
    reused_pages.add(dirty);
  }
};

}  // namespace neap
