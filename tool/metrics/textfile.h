// A file for node_exporter's textfile collector: written beside its place under a name that the collector passes over,
// and renamed, so that a scrape sees the old text or the new one and never a part.
#pragma once
#include <string>

namespace neap {

// Throws UsageFailure where the person at the keyboard has to act: no such folder, no right.
void write_textfile(const std::string& path, const std::string& text);

}  // namespace neap
