#include "sample_slots.h"

namespace neap::tracer {

using namespace samples;

std::atomic<std::uint8_t> sample_filter[kFilter];

namespace {

constexpr std::size_t kLine = 8, kPlaces = 2 * kLine;
constexpr std::uint64_t kBeingWritten = 1;

std::size_t first_place(std::uint64_t address) {
  return (address >> 4) * 0x9E3779B97F4A7C15ull >> 40 & (kSlots - kLine);
}

}  // namespace

void ask_for(const void* from, std::size_t bytes) {
  const auto start = reinterpret_cast<std::uint64_t>(from);
  for (std::uint64_t at = start; at < start + bytes + 256; at += 256)
    filter_of(at).store(UINT8_MAX, std::memory_order_relaxed);
}

bool keep_sample(Table& table, std::uint64_t address, const Object& object) {
  const std::size_t first = first_place(address);
  for (std::size_t i = 0; i < kPlaces; ++i) {
    const std::size_t at = (first + i) & (kSlots - 1);
    std::uint64_t free = 0;
    if (table.address[at].load(std::memory_order_relaxed) != 0 ||
        !table.address[at].compare_exchange_strong(free, kBeingWritten))
      continue;
    table.object[at] = object;
    table.address[at].store(address, std::memory_order_release);
    // At 255 it stays: then frees there always look.
    if (filter_of(address).load(std::memory_order_relaxed) != UINT8_MAX)
      filter_of(address).fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  return false;
}

void forget_sample(Table& table, std::uint64_t address) {
  const std::size_t first = first_place(address);
  for (std::size_t i = 0; i < kPlaces; ++i) {
    const std::size_t at = (first + i) & (kSlots - 1);
    if (table.address[at].load(std::memory_order_relaxed) != address) continue;
    table.address[at].store(0, std::memory_order_release);
    if (filter_of(address).load(std::memory_order_relaxed) != UINT8_MAX)
      filter_of(address).fetch_sub(1, std::memory_order_relaxed);
    return;
  }
}

}  // namespace neap::tracer
