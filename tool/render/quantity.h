// Quantities as a person reads them: "123.4 MiB", "1 h 02 min", "1.23 M". Every table, chart and message uses these.
#pragma once
#include <string>

#include "tool/model/units.h"

namespace neap {

std::string show_bytes(Bytes bytes);  // B, KiB, MiB, GiB with three or four digits
std::string show_mib(Bytes bytes);    // number only, MiB, one decimal: for columns
std::string show_seconds(Seconds seconds);
std::string show_duration(Seconds seconds);  // whole seconds and up, in words
std::string show_count(double count);

}  // namespace neap
