// An experiment's figures as text: for the terminal, as Markdown, as JSON, and every reading as CSV.
#pragma once
#include <string>
#include <vector>

#include "tool/experiment/experiment.h"

namespace neap {

std::string render_text(const ExperimentFigures& figures, bool colour);
std::string render_markdown(const ExperimentFigures& figures);
std::string render_json(const ExperimentFigures& figures);
std::string render_csv(const Experiment& experiment);

// The groups in one sentence without its full stop: who holds least at the end, against the baseline, and the doubt.
std::string verdict_on(const ExperimentFigures& figures);

// The small print below tables and charts: what was measured and how the intervals were made.
std::vector<std::string> notes_of(const ExperimentFigures& figures);

}  // namespace neap
