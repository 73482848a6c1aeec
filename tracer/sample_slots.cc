#include "sample_slots.h"

namespace neap::tracer {

using namespace samples;

std::atomic<std::uint8_t> sample_filter[std::size_t{1} << 24];

namespace {

constexpr std::size_t kLine = 8, kPlaces = 2 * kLine;
constexpr std::uint64_t kBeingWritten = 1;

constinit std::uint32_t asked_from = UINT32_MAX,
                        asked_to = 0;  // the granules of ask_for(), whose bits are never cleared

std::uint32_t granule_of(std::uint64_t address) { return static_cast<std::uint32_t>(address) >> 5; }
std::uint8_t bit_of(std::uint64_t address) { return static_cast<std::uint8_t>(1 << (granule_of(address) & 7)); }

// All samples of a granule have the same places, so is_bit_needed() finds them there.
std::size_t place_of(std::uint64_t address, std::size_t nth) {
  const std::uint64_t first = granule_of(address) * 0x9E3779B97F4A7C15ull >> 40 & (kSlots - kLine);
  return (first + nth) & (kSlots - 1);
}

bool is_bit_needed(const Table& table, std::uint64_t address) {
  const std::uint32_t granule = granule_of(address);
  if (granule >= asked_from && granule <= asked_to) return true;
  for (std::size_t i = 0; i < kPlaces; ++i) {
    const std::uint64_t other = table.address[place_of(address, i)].load();
    if (other > kBeingWritten && granule_of(other) == granule) return true;
  }
  return false;
}

bool take_out(Table& table, std::uint64_t address) {
  for (std::size_t i = 0; i < kPlaces; ++i) {
    std::atomic<std::uint64_t>& place = table.address[place_of(address, i)];
    if (place.load(std::memory_order_relaxed) != address) continue;
    place.store(0);
    return true;
  }
  return false;
}

}  // namespace

void ask_for(const void* from, std::size_t bytes) {
  const auto start = reinterpret_cast<std::uint64_t>(from);
  for (std::uint64_t at = start; at < start + bytes + 256; at += 256)
    filter_of(at).store(UINT8_MAX, std::memory_order_relaxed);
  if (granule_of(start) < asked_from) asked_from = granule_of(start);
  if (granule_of(start + bytes) > asked_to) asked_to = granule_of(start + bytes);
}

bool keep_sample(Table& table, std::uint64_t address, const Object& object) {
  forget_sample(table, address);  // an object that was sampled here may have been freed without our seeing it
  for (std::size_t i = 0; i < kPlaces; ++i) {
    const std::size_t at = place_of(address, i);
    std::uint64_t free = 0;
    if (table.address[at].load(std::memory_order_relaxed) != 0 ||
        !table.address[at].compare_exchange_strong(free, kBeingWritten))
      continue;
    table.object[at] = object;
    table.address[at].store(address);
    filter_of(address).fetch_or(bit_of(address));
    return true;
  }
  return false;
}

void forget_sample(Table& table, std::uint64_t address) {
  if ((filter_of(address).load(std::memory_order_relaxed) & bit_of(address)) == 0 || !take_out(table, address)) return;
  if (is_bit_needed(table, address)) return;
  filter_of(address).fetch_and(static_cast<std::uint8_t>(~bit_of(address)));
  if (is_bit_needed(table, address)) filter_of(address).fetch_or(bit_of(address));  // one was kept meanwhile
}

}  // namespace neap::tracer
