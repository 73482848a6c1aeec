// Moment: a point in time, in whole seconds since 1970, UTC. Written and read as ISO 8601.
#pragma once
#include <time.h>

#include <compare>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "tool/model/units.h"

namespace neap {

struct Moment {
  std::int64_t unix_s = 0;
  friend constexpr auto operator<=>(Moment, Moment) = default;
  friend constexpr Seconds operator-(Moment a, Moment b) { return {static_cast<double>(a.unix_s - b.unix_s)}; }
};

inline Moment this_moment() { return {::time(nullptr)}; }

// "2026-01-05 02:00"
inline std::string show_moment(Moment moment) {
  const time_t seconds = moment.unix_s;
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  const std::size_t length = ::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts);
  return {text, length};
}

// "2026-01-05T02:00:00Z"
inline std::string show_iso(Moment moment) {
  const time_t seconds = moment.unix_s;
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  const std::size_t length = ::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text, length};
}

// Reads a date with or without a time of day, seconds and an offset: "2026-01-05", "2026-01-05T10:47:43-08:00". Without
// an offset the time is taken as UTC. Empty when it is no such thing.
inline std::optional<Moment> parse_moment(const std::string& text) {
  tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%d", &parts);
  if (rest == nullptr) return std::nullopt;
  if (*rest == 'T' || *rest == ' ') {
    const char* clock = ::strptime(rest + 1, "%H:%M", &parts);
    if (clock == nullptr) return std::nullopt;
    if (const char* seconds = *clock == ':' ? ::strptime(clock, ":%S", &parts) : nullptr) clock = seconds;
    rest = clock;
  }
  if (*rest == 'Z' || *rest == '+' || *rest == '-') rest = ::strptime(rest, "%z", &parts);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  const std::int64_t offset = parts.tm_gmtoff;
  return Moment{::timegm(&parts) - offset};
}

}  // namespace neap
