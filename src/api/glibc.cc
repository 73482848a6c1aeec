// glibc's calls that look into or steer the allocator, with real effects where libneap has the thing they speak of, and
// neap's own. Return values are glibc's.
#include <malloc.h>
#include <stdio.h>

#include <atomic>
#include <climits>
#include <cstring>

#include "api/exempt.h"
#include "api/export.h"
#include "api/fast.h"
#include "api/telemetry.h"
#include "format/telemetry_table.h"

namespace {

struct neap_telemetry snapshot() {
  neap::heap.publish();
  struct neap_telemetry copy;
  std::memcpy(&copy, &::neap_telemetry, sizeof copy);
  return copy;
}

std::size_t trim() {
  if (neap::ThreadCache* cache = neap::current_cache()) neap::heap.flush_all(*cache);
  return neap::heap.release_all();
}

// Objects that wait in the quarantine count as free here: nobody has them.
std::size_t small(const struct neap_telemetry& t) { return neap::rest(t.small_bytes, t.quarantined); }
std::size_t live(const struct neap_telemetry& t) { return small(t) + t.large_bytes; }

template <class Info>
Info describe() {
  using Field = decltype(Info::arena);
  const struct neap_telemetry t = snapshot();
  const auto fit = [](std::uint64_t v) {
    return sizeof(Field) == sizeof(int) && v > INT_MAX ? static_cast<Field>(INT_MAX) : static_cast<Field>(v);
  };
  Info info{};
  info.arena = fit(t.resident_bytes - t.large_bytes);
  info.hblks = fit(t.large_objects);
  info.hblkhd = fit(t.large_bytes);
  info.uordblks = fit(small(t));
  info.fordblks = fit(t.resident_bytes > live(t) ? t.resident_bytes - live(t) : 0);
  info.keepcost = fit(t.dirty_bytes);
  return info;
}

}  // namespace

extern "C" {

NEAP_EXPORT int malloc_trim(std::size_t) noexcept { return trim() > 0 ? 1 : 0; }
NEAP_EXPORT struct mallinfo mallinfo(void) noexcept { return describe<struct mallinfo>(); }
NEAP_EXPORT struct mallinfo2 mallinfo2(void) noexcept { return describe<struct mallinfo2>(); }

// M_TRIM_THRESHOLD sets how much free memory is always allowed to stay; the other parameters name things that libneap
// does not have, and are accepted as glibc accepts them.
NEAP_EXPORT int mallopt(int parameter, int value) noexcept {
  constexpr int kMaxFast = 160;
  switch (parameter) {
    case M_MXFAST:
      return value >= 0 && value <= kMaxFast ? 1 : 0;
    case M_TRIM_THRESHOLD:
      std::atomic_ref<std::uint64_t>(neap::heap.options.dirty_floor)
          .store(value < 0 ? std::uint64_t{1} << 40 : static_cast<std::uint64_t>(value), std::memory_order_relaxed);
      return 1;
    default:
      return 1;
  }
}

NEAP_EXPORT int malloc_info(int options, FILE* stream) noexcept {
  if (options != 0) return EINVAL;
  const struct neap_telemetry t = snapshot();
  fprintf(stream,
          "<malloc version=\"1\">\n<allocator name=\"neap\" version=\"%s\"/>\n"
          "<total type=\"small\" size=\"%zu\"/>\n<total type=\"large\" count=\"%zu\" size=\"%zu\"/>\n"
          "<total type=\"dirty\" size=\"%zu\"/>\n<system type=\"current\" size=\"%zu\"/>\n"
          "<aspace type=\"total\" size=\"%zu\"/>\n<aspace type=\"mprotect\" size=\"%zu\"/>\n",
          neap_version(), std::size_t{t.small_bytes}, std::size_t{t.large_objects}, std::size_t{t.large_bytes},
          std::size_t{t.dirty_bytes}, std::size_t{t.resident_bytes}, std::size_t{t.reserved_bytes},
          std::size_t{t.committed_bytes});
  for (const neap::TelemetryFigure& figure : neap::telemetry_table)
    fprintf(stream, "<neap name=\"%s\" value=\"%zu\"/>\n", figure.name, std::size_t{figure.of(t)});
  fprintf(stream, "</malloc>\n");
  return 0;
}

NEAP_EXPORT void malloc_stats(void) noexcept { neap::print_stats(snapshot()); }

NEAP_EXPORT const char* neap_version(void) { return NEAP_VERSION; }
NEAP_EXPORT size_t neap_trim(void) { return trim(); }
NEAP_EXPORT void neap_check(void) {
  if (neap::server == neap::Server::ours_hardened) neap::hardened.check("neap_check");
}

NEAP_EXPORT size_t neap_stats(struct neap_telemetry* out, size_t size) {
  const struct neap_telemetry t = snapshot();
  const std::size_t bytes = size < sizeof t ? size : sizeof t;
  std::memcpy(out, &t, bytes);
  return bytes;
}

}  // extern "C"
