// SoftLimit: how far the heap is from a limit of memory beyond which the process is ended. The distance is told by the
// heap's own count of resident pages. Each look at the system sets a ceiling for that count; between looks the count
// alone tells. Without the option the ceiling is never met, and nobody looks.
//
// Changes under the release lock; read by anybody.
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
  // Whether a heap that has grown to `resident` pages has to look again.
  bool wants_look(std::uint64_t resident) const { return resident >= look_at_.load(std::memory_order_relaxed); }
  // Whether the time has come to look again. (Where there is no clock, only growth makes it look.)
  bool wants_look_after(std::uint64_t nanoseconds) const;

  // Takes what a look has told: that `left` pages of `limit` are left. UINT64_MAX says that there is no limit.
  void learn(std::uint64_t limit, std::uint64_t left, std::uint64_t resident);
  // Notes when a look was made, whether it told anything or not.
  void note_look(std::uint64_t resident, std::uint64_t nanoseconds);

 private:
  static constexpr std::uint64_t kMetShare = 8;  // of what is near

  std::atomic<std::uint64_t> ceiling_{UINT64_MAX}, near_{0}, look_at_{UINT64_MAX}, looked_{0};
};

}  // namespace neap
