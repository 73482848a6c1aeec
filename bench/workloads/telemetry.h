// libneap's own figures, where libneap is the malloc of this process.
#pragma once
#include <dlfcn.h>

#include <optional>

#include "neap/neap.h"

namespace neap::bench {

inline std::optional<neap_telemetry> read_telemetry() {
  using Stats = std::size_t (*)(neap_telemetry*, std::size_t);
  const auto stats = reinterpret_cast<Stats>(::dlsym(RTLD_DEFAULT, "neap_stats"));
  neap_telemetry telemetry{};
  if (stats == nullptr || stats(&telemetry, sizeof telemetry) == 0) return std::nullopt;
  return telemetry;
}

}  // namespace neap::bench
