// Collector: drains the rings of a traced process in the order of their sequence numbers, names objects by slots
// instead of addresses, and writes the trace. One thread; the traced process may die at any moment.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "format/channel.h"
#include "format/trace_writer.h"
#include "tool/trace/address_map.h"

namespace neap {

// The shared file. Its path goes to the program by the environment; it has no name in any folder.
class Channel {
 public:
  Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel();

  std::string path() const;
  trace::ChannelHead& head() const { return trace::channel_head(base_); }
  trace::Record* records(std::size_t ring) const { return trace::ring_records(base_, ring); }

 private:
  int file_;
  void* base_;
};

struct CollectorCounts {
  std::uint64_t unknown_releases = 0;  // of objects that were born before the recording or in a way it does not see
  std::uint64_t missed_releases = 0;   // an address was given out again
  std::uint64_t unfinished = 0;        // records a thread had begun when it died
};

class Collector {
 public:
  Collector(Channel& channel, trace::TraceWriter& writer);

  // Takes the records that are there and returns their number. With `program_is_dead` it does not wait for a missing
  // one.
  std::uint64_t drain(bool program_is_dead);

  const CollectorCounts& counts() const { return counts_; }

  // Why the trace can no longer be written, as on a full disk; empty while it can be. The rings are drained even then,
  // because the program must not wait for a disk.
  const std::string& failure() const { return failure_; }

 private:
  struct Ring {
    std::size_t index;
    trace::Record* records;
    std::uint64_t next = 0;
    std::uint64_t time_ms = 0;
    std::uint32_t thread = 0;
    bool resizing = false;
    std::uint64_t resized_address = 0;
    std::optional<std::uint32_t> resized_slot;
  };

  std::uint64_t sequence_of(const Ring& ring) const;
  void find_active_rings();
  void skip_unfinished(Ring& ring, bool program_is_dead);
  void retire(Ring& ring);
  Ring* ring_with(std::uint64_t sequence);
  bool skip_hole(bool program_is_dead);
  void take(Ring& ring);
  void apply(Ring& ring, trace::Act act, std::uint64_t address, std::uint64_t size, std::uint8_t alignment_log2);
  void birth(const Ring& ring, trace::Op op, std::uint64_t address, std::uint64_t size, std::uint8_t alignment_log2);
  void place(const Ring& ring, std::uint64_t address, std::uint32_t slot);
  void end_resize(Ring& ring, std::uint64_t address, std::uint64_t size);
  void emit(const Ring& ring, trace::Op op, std::uint32_t slot, std::uint64_t size = 0,
            std::uint8_t alignment_log2 = 0);
  std::uint32_t new_slot();

  Channel& channel_;
  trace::TraceWriter& writer_;
  std::vector<Ring> rings_;
  std::vector<Ring*> active_;
  std::size_t favourite_ = 0;  // index in active_ of the ring that had the last record
  std::uint64_t expected_ = 1;
  std::uint64_t hole_since_ms_ = 0;
  std::uint64_t first_ms_ = 0;
  AddressMap slots_;
  std::vector<std::uint32_t> free_slots_;
  std::uint32_t slots_used_ = 0;
  CollectorCounts counts_;
  std::string failure_;
};

}  // namespace neap
