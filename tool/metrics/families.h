// The metrics of a host: HostMetrics as metric families. Which figure has which name, type and help is one table.
#pragma once
#include <vector>

#include "tool/metrics/exposition.h"
#include "tool/model/unit_metrics.h"

namespace neap {

std::vector<MetricFamily> families_of(const HostMetrics& host);

}  // namespace neap
