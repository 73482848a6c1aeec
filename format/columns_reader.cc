#include "columns_reader.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "unpack.h"

namespace neap::trace {
namespace {

constexpr std::size_t kOpColumn = 0;
constexpr std::size_t kThreadColumn = 1;
constexpr std::size_t kTimePlanes = 2;
constexpr std::size_t kSizePlanes = 6;
constexpr std::size_t kSlotPlanes = 10;

constexpr const char* kNotATrace = "this is not an allocation trace (neither a neap trace nor a .trc.zst one)";

}  // namespace

ColumnsReader::~ColumnsReader() {
  if (file_ >= 0) close(file_);
}

const char* ColumnsReader::open(int compressed) {
  if (const char* error = unpack(compressed)) return error;
  planes_ = SharedArray<std::uint8_t>::make(kColumns * kStretch);
  last_event_ = SharedArray<std::uint64_t>::make(256);
  if (!planes_.ok() || !last_event_.ok()) return "no memory to read the trace";
  return number_threads();
}

const char* ColumnsReader::unpack(int compressed) {
  file_ = memfd_create("neap-trace-columns", MFD_CLOEXEC);
  if (file_ < 0) return "no room to unpack the trace";
  std::uint64_t bytes = 0;
  if (const char* error = unpack_to_file(compressed, file_, &bytes)) return error;
  std::uint32_t header[4];
  if (bytes < kHeaderBytes || pread(file_, header, sizeof header, 0) != kHeaderBytes) return kNotATrace;
  summary_.slots = header[0];
  memcpy(&summary_.events, header + 2, sizeof summary_.events);
  if (header[1] != 0 || summary_.events == 0 || summary_.events > bytes) return kNotATrace;
  if (bytes != kHeaderBytes + summary_.events * kColumns) return "the trace is truncated: its columns end early";
  return nullptr;
}

// One pass over the thread and time columns: numbers by first appearance, each thread's last event, the duration.
const char* ColumnsReader::number_threads() {
  for (std::uint64_t first = 0; first < summary_.events; first += kStretch) {
    const std::size_t count = std::min<std::uint64_t>(kStretch, summary_.events - first);
    if (!load_column(kThreadColumn, first, count)) return "the trace cannot be read";
    const std::uint8_t* threads = planes_.data() + kThreadColumn * kStretch;
    for (std::size_t i = 0; i < count; i++) {
      std::uint32_t& number = thread_number_[threads[i]];
      if (number == 0) number = ++summary_.threads;
      last_event_[number - 1] = first + i;
    }
    for (std::size_t plane = 0; plane < 4; plane++) {
      if (!load_column(kTimePlanes + plane, first, count)) return "the trace cannot be read";
    }
    for (std::size_t i = 0; i < count; i++) {
      time_sum_ms_ += word(kTimePlanes, i);
      summary_.duration_ms = std::max(summary_.duration_ms, time_sum_ms_);
    }
  }
  time_sum_ms_ = 0;
  return nullptr;
}

bool ColumnsReader::load_column(std::size_t column, std::uint64_t first, std::size_t count) {
  const std::uint64_t offset = kHeaderBytes + column * summary_.events + first;
  return pread(file_, planes_.data() + column * kStretch, count, static_cast<off_t>(offset)) ==
         static_cast<ssize_t>(count);
}

std::uint32_t ColumnsReader::word(std::size_t first_plane, std::size_t i) const {
  const std::uint8_t* plane = planes_.data() + first_plane * kStretch + i;
  return std::uint32_t{plane[0]} | std::uint32_t{plane[kStretch]} << 8 | std::uint32_t{plane[2 * kStretch]} << 16 |
         std::uint32_t{plane[3 * kStretch]} << 24;
}

const char* ColumnsReader::read(Event* out, std::size_t max, std::size_t* got) {
  const std::size_t count = std::min<std::uint64_t>({max, kStretch, summary_.events - next_});
  *got = count;
  for (std::size_t column = 0; column < kColumns && count > 0; column++) {
    if (!load_column(column, next_, count)) return "the trace cannot be read";
  }
  for (std::size_t i = 0; i < count; i++) {
    const std::uint8_t op_and_alignment = planes_[kOpColumn * kStretch + i];
    time_sum_ms_ += word(kTimePlanes, i);
    time_ms_ = std::max(time_ms_, time_sum_ms_);  // the recorded clocks of two threads may differ by a step
    const std::uint32_t zigzag = word(kSlotPlanes, i);
    slot_ += (zigzag >> 1) ^ (0u - (zigzag & 1));
    if (slot_ >= summary_.slots) return "the trace is corrupted: an object number is out of range";
    out[i] = {word(kSizePlanes, i),
              slot_,
              time_ms_,
              thread_number_[planes_[kThreadColumn * kStretch + i]] - 1,
              static_cast<Op>(op_and_alignment & 7),
              static_cast<std::uint8_t>(op_and_alignment >> 3)};
    if (!known(out[i].op)) return "the trace is corrupted: an unknown operation";
  }
  next_ += count;
  return nullptr;
}

}  // namespace neap::trace
