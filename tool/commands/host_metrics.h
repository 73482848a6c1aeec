// The figures of `neap metrics`: what status, the journal, the experiments, systemd and the kernel say of each service,
// put together.
#pragma once
#include <string>
#include <vector>

#include "tool/commands/switching.h"
#include "tool/model/unit_metrics.h"

namespace neap {

// Which services: those that neap switched or that run another allocator than libc, those of experiments, and what
// fits.
struct MetricsScope {
  std::vector<std::string> patterns;
  bool all = false;
};

HostMetrics read_host_metrics(const Workplace& workplace, const MetricsScope& scope,
                              const std::string& experiments_folder);

}  // namespace neap
