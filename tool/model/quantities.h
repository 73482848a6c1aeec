// The table of what a run is judged by: name, column title, unit, help, access. The terminal's table, Markdown, HTML
// and JSON derive from it.
#pragma once
#include <array>
#include <optional>

#include "tool/model/comparison.h"

namespace neap {

enum class QuantityUnit { bytes, seconds, count };

struct Quantity {
  const char* name;   // in JSON
  const char* title;  // of the column
  QuantityUnit unit;
  const char* help;
  bool compared;  // has a ratio to the baseline in the terminal's table
  std::optional<double> (*get)(const Summary&);
};

namespace quantity_access {

constexpr double number(Bytes bytes) { return static_cast<double>(bytes.count); }
constexpr double number(Seconds seconds) { return seconds.count; }
constexpr double number(std::uint64_t count) { return static_cast<double>(count); }

template <auto member>
std::optional<double> always(const Summary& summary) {
  return number(summary.*member);
}

template <auto member>
std::optional<double> sometimes(const Summary& summary) {
  if (!(summary.*member)) return std::nullopt;
  return number(*(summary.*member));
}

}  // namespace quantity_access

inline constexpr std::array quantities = {
    Quantity{"mean_rss", "MEAN", QuantityUnit::bytes, "mean RSS over the whole run", true,
             quantity_access::sometimes<&Summary::mean_rss>},
    Quantity{"second_half_mean_rss", "2ND HALF", QuantityUnit::bytes, "mean RSS over the second half", true,
             quantity_access::sometimes<&Summary::second_half_mean_rss>},
    Quantity{"end_rss", "END", QuantityUnit::bytes, "RSS before the program began to leave", true,
             quantity_access::sometimes<&Summary::end_rss>},
    Quantity{"peak_rss", "PEAK", QuantityUnit::bytes, "highest RSS, as the kernel saw it", true,
             quantity_access::sometimes<&Summary::peak_rss>},
    Quantity{"mean_pss", "PSS", QuantityUnit::bytes, "mean PSS where it was read", false,
             quantity_access::sometimes<&Summary::mean_pss>},
    Quantity{"mean_floor", "FLOOR", QuantityUnit::bytes,
             "mean RSS less what libneap's heap holds above its live bytes: what no allocator can go below", false,
             quantity_access::sometimes<&Summary::mean_floor>},
    Quantity{"mean_live", "LIVE", QuantityUnit::bytes,
             "mean of libneap's live bytes; large objects count whole, touched or not", false,
             quantity_access::sometimes<&Summary::mean_live>},
    Quantity{"cpu", "CPU", QuantityUnit::seconds, "CPU time, user and system", true,
             quantity_access::always<&Summary::cpu>},
    Quantity{"wall", "WALL", QuantityUnit::seconds, "elapsed time", true, quantity_access::always<&Summary::wall>},
    Quantity{"minor_faults", "FAULTS", QuantityUnit::count, "page faults without I/O", false,
             quantity_access::always<&Summary::minor_faults>},
};

}  // namespace neap
