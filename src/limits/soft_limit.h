// SoftLimit: how far the heap is from a limit of memory that ends the process, by its own count of resident pages. Each
// look at the system sets a ceiling for the count; between looks the count alone tells. Without the option the ceiling
// is never met, and nobody looks.
//
// Set under the release lock; read by anybody.
#pragma once

#include <atomic>
#include <cstdint>

namespace neap {

class SoftLimit {
 public:
  // `resident` is the heap's count now, in pages, as everything here is.
  std::uint64_t margin(std::uint64_t resident) const {
    const std::uint64_t ceiling = ceiling_.load(std::memory_order_relaxed);
    return ceiling > resident ? ceiling - resident : 0;
  }
  bool is_near(std::uint64_t resident) const { return margin(resident) < near_.load(std::memory_order_relaxed); }
  bool is_met(std::uint64_t resident) const {
    return margin(resident) < near_.load(std::memory_order_relaxed) / kMetShare;
  }
  // A heap that grows to this looks again.
  bool wants_look(std::uint64_t resident) const { return resident >= look_at_.load(std::memory_order_relaxed); }
  // The same with time. (Without a clock only growth makes it look.)
  bool wants_look_after(std::uint64_t nanoseconds) const;

  // What a look has told: of `limit` there is `left`. UINT64_MAX: there is no limit.
  void learn(std::uint64_t limit, std::uint64_t left, std::uint64_t resident);
  // When the look was, whether it told anything or not.
  void note_look(std::uint64_t resident, std::uint64_t nanoseconds);

 private:
  static constexpr std::uint64_t kMetShare = 8;  // of what is near

  std::atomic<std::uint64_t> ceiling_{UINT64_MAX}, near_{0}, look_at_{UINT64_MAX}, looked_{0};
};

}  // namespace neap
