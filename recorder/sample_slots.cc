#include "sample_slots.h"

namespace neap::recorder {

using namespace samples;

std::atomic<uint8_t> sample_filter[kFilter];

namespace {

constexpr size_t kLine = 8, kPlaces = 2 * kLine;
constexpr uint64_t kBeingWritten = 1;

size_t first_place(uint64_t address) { return (address >> 4) * 0x9E3779B97F4A7C15ull >> 40 & (kSlots - kLine); }

}  // namespace

void ask_for(const void* from, size_t bytes) {
  const auto start = reinterpret_cast<uint64_t>(from);
  for (uint64_t at = start; at < start + bytes + 256; at += 256)
    filter_of(at).store(UINT8_MAX, std::memory_order_relaxed);
}

bool keep_sample(Table& table, uint64_t address, const Object& object) {
  const size_t first = first_place(address);
  for (size_t i = 0; i < kPlaces; ++i) {
    const size_t at = (first + i) & (kSlots - 1);
    uint64_t free = 0;
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

void forget_sample(Table& table, uint64_t address) {
  const size_t first = first_place(address);
  for (size_t i = 0; i < kPlaces; ++i) {
    const size_t at = (first + i) & (kSlots - 1);
    if (table.address[at].load(std::memory_order_relaxed) != address) continue;
    table.address[at].store(0, std::memory_order_release);
    if (filter_of(address).load(std::memory_order_relaxed) != UINT8_MAX)
      filter_of(address).fetch_sub(1, std::memory_order_relaxed);
    return;
  }
}

}  // namespace neap::recorder
