// An experiment over hosts, as a Prometheus has it: what neap metrics said on each host, and what the groups paid.
#pragma once
#include <optional>
#include <string>

#include "tool/experiment/effect.h"
#include "tool/experiment/experiment.h"

namespace neap {

struct PrometheusSource {
  std::string url, name;
  std::optional<Moment> from, until;
};

// Its assignment and the memory of its instances. Throws UsageFailure when it has none of that name.
Experiment experiment_from_prometheus(const PrometheusSource& source);

// Memory, CPU and traffic of the groups against the baseline within hosts; restarts and OOM kills.
HostComparison compare_by_prometheus(const PrometheusSource& source, const Experiment& experiment,
                                     const ExperimentFigures& figures, const Look& look);

}  // namespace neap
