// What the library tells of itself, where the library under test is one that does.
#ifndef NEAP_TESTS_TORTURE_FIGURES_H
#define NEAP_TESTS_TORTURE_FIGURES_H

#include "neap/neap.h"
#include "scene.h"

extern "C" [[gnu::weak]] std::size_t neap_stats(neap_telemetry*, std::size_t);

namespace torture {

inline bool tells_figures() { return neap_stats != nullptr; }

inline neap_telemetry figures() {
  neap_telemetry t{};
  if (tells_figures()) neap_stats(&t, sizeof t);
  return t;
}

// Objects that wait in quarantine keep the pages they lie on, which hold others of their size: so many times their
// bytes.
constexpr std::size_t kPagesOfWaiting = 2;

// After all objects were freed and the memory was trimmed. `kept`: what caches of other CPUs may hold, and the program.
inline void require_all_came_back(const neap_telemetry& at_start, std::size_t kept) {
  if (!tells_figures()) return;
  const neap_telemetry now = figures();
  std::fprintf(stderr, "KiB: told resident %zu, at start %zu, metadata %zu, dirty %zu, in quarantine %zu\n",
               std::size_t{now.resident_bytes} / 1024, std::size_t{at_start.resident_bytes} / 1024,
               std::size_t{now.metadata_bytes} / 1024, std::size_t{now.dirty_bytes} / 1024,
               std::size_t{now.quarantined} / 1024);
  stress::require(now.dirty_bytes == 0, "free pages after a trim");
  stress::require(now.large_bytes == at_start.large_bytes, "a large object that nobody has");
  const std::size_t waiting = kPagesOfWaiting * std::size_t{now.quarantined};
  stress::require(now.resident_bytes <= at_start.resident_bytes + kept + waiting, "memory after all was freed");
}

}  // namespace torture

#endif
