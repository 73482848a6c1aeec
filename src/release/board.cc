#include "release/board.h"

#include <atomic>
#include <type_traits>

namespace neap {
namespace {

constexpr std::uint32_t kTrimNow = 1;  // in neap_telemetry::control

void put(auto& field, std::uint64_t value) {
  using Field = std::remove_reference_t<decltype(field)>;
  std::atomic_ref<Field>(field).store(static_cast<Field>(value), std::memory_order_relaxed);
}

}  // namespace

void Board::publish_pages() {
  put(figures_.large_bytes, pages_.large_pages() * kPageSize);
  put(figures_.large_objects, pages_.large_objects());
  put(figures_.resident_bytes, pages_.accounts().resident_pages.get() * kPageSize);
  put(figures_.dirty_bytes, pages_.dirty_pages() * kPageSize);
}

// The magic number comes last: who finds it finds the figures.
void Board::publish() {
  const Accounts& sums = pages_.accounts();
  const SmallObjects::Sums small = small_.sums();
  publish_pages();
  put(figures_.version, NEAP_TELEMETRY_VERSION);
  put(figures_.size, sizeof figures_);
  put(figures_.served, small.served + sums.large_served.get());
  put(figures_.small_bytes, small.bytes_out);
  put(figures_.committed_bytes, sums.committed_bytes.get());
  put(figures_.reserved_bytes, sums.reserved_bytes.get());
  put(figures_.metadata_bytes, sums.metadata_bytes.get());
  put(figures_.returned_bytes, sums.returned_pages.get() * kPageSize);
  put(figures_.return_calls, sums.return_calls.get());
  put(figures_.events, pages_.events());
  put(figures_.quarantined, sums.quarantine_bytes.get());
  put(figures_.magic, NEAP_TELEMETRY_MAGIC);
}

void Board::set_threads(std::uint32_t threads) { put(figures_.threads, threads); }

bool Board::was_asked_to_trim() {
  std::atomic_ref<std::uint32_t> control(figures_.control);
  return control.load(std::memory_order_relaxed) == kTrimNow && control.exchange(0) == kTrimNow;
}

}  // namespace neap
