// An experiment reduced to what its report says: for each group the mean over its instances, whole, last and day by
// day, and the chart. The unit of everything is the instance: its readings of a day are averaged first.
#pragma once
#include <optional>
#include <string>

#include "tool/experiment/experiment.h"
#include "tool/model/chart.h"

namespace neap {

struct Window {
  std::optional<Moment> from;  // otherwise the last switch, or where nothing was switched the first reading
  std::optional<Moment> until;
};

// Throws UsageFailure when the window holds no reading.
ExperimentFigures figures_of(const Experiment& experiment, const Window& window, const std::string& baseline);

// One line for each group; the shade is the interval.
Chart chart_of(const Experiment& experiment, const ExperimentFigures& figures);

}  // namespace neap
