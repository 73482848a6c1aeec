// Units of everything the tool measures. Every room uses them; a bare number never crosses a room's border.
#pragma once
#include <compare>
#include <cstdint>

namespace neap {

struct Bytes {
  std::uint64_t count = 0;
  friend constexpr auto operator<=>(Bytes, Bytes) = default;
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return {a.count + b.count}; }
  constexpr Bytes& operator+=(Bytes other) {
    count += other.count;
    return *this;
  }
};

constexpr Bytes kibibytes(std::uint64_t count) { return {count << 10}; }
constexpr double mebibytes(Bytes bytes) { return static_cast<double>(bytes.count) / (1 << 20); }

struct Seconds {
  double count = 0;
  friend constexpr auto operator<=>(Seconds, Seconds) = default;
  friend constexpr Seconds operator+(Seconds a, Seconds b) { return {a.count + b.count}; }
  friend constexpr Seconds operator-(Seconds a, Seconds b) { return {a.count - b.count}; }
};

}  // namespace neap
