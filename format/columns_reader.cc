#include "columns_reader.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "unpack.h"

namespace neap::trace {
namespace {

constexpr size_t kOpColumn = 0;
constexpr size_t kThreadColumn = 1;
constexpr size_t kTimePlanes = 2;
constexpr size_t kSizePlanes = 6;
constexpr size_t kSlotPlanes = 10;

constexpr const char* kNotATrace = "this is not an allocation trace (neither a neap trace nor a .trc.zst one)";

}  // namespace

ColumnsReader::~ColumnsReader() {
  if (file_ >= 0) close(file_);
}

const char* ColumnsReader::open(int compressed) {
  if (const char* error = unpack(compressed)) return error;
  planes_ = SharedArray<uint8_t>::make(kColumns * kStretch);
  last_event_ = SharedArray<uint64_t>::make(256);
  if (!planes_.ok() || !last_event_.ok()) return "no memory to read the trace";
  return number_threads();
}

const char* ColumnsReader::unpack(int compressed) {
  file_ = memfd_create("neap-trace-columns", MFD_CLOEXEC);
  if (file_ < 0) return "no room to unpack the trace";
  uint64_t bytes = 0;
  if (const char* error = unpack_to_file(compressed, file_, &bytes)) return error;
  uint32_t header[4];
  if (bytes < kHeaderBytes || pread(file_, header, sizeof header, 0) != kHeaderBytes) return kNotATrace;
  summary_.slots = header[0];
  memcpy(&summary_.events, header + 2, sizeof summary_.events);
  if (header[1] != 0 || summary_.events == 0 || summary_.events > bytes) return kNotATrace;
  if (bytes != kHeaderBytes + summary_.events * kColumns) return "the trace is truncated: its columns end early";
  return nullptr;
}

// One pass over the thread and time columns: numbers by first appearance, each thread's last event, the duration.
const char* ColumnsReader::number_threads() {
  for (uint64_t first = 0; first < summary_.events; first += kStretch) {
    const size_t count = std::min<uint64_t>(kStretch, summary_.events - first);
    if (!load_column(kThreadColumn, first, count)) return "the trace cannot be read";
    const uint8_t* threads = planes_.data() + kThreadColumn * kStretch;
    for (size_t i = 0; i < count; i++) {
      uint32_t& number = thread_number_[threads[i]];
      if (number == 0) number = ++summary_.threads;
      last_event_[number - 1] = first + i;
    }
    for (size_t plane = 0; plane < 4; plane++) {
      if (!load_column(kTimePlanes + plane, first, count)) return "the trace cannot be read";
    }
    for (size_t i = 0; i < count; i++) {
      time_sum_ms_ += word(kTimePlanes, i);
      summary_.duration_ms = std::max(summary_.duration_ms, time_sum_ms_);
    }
  }
  time_sum_ms_ = 0;
  return nullptr;
}

bool ColumnsReader::load_column(size_t column, uint64_t first, size_t count) {
  const uint64_t offset = kHeaderBytes + column * summary_.events + first;
  return pread(file_, planes_.data() + column * kStretch, count, static_cast<off_t>(offset)) ==
         static_cast<ssize_t>(count);
}

uint32_t ColumnsReader::word(size_t first_plane, size_t i) const {
  const uint8_t* plane = planes_.data() + first_plane * kStretch + i;
  return uint32_t{plane[0]} | uint32_t{plane[kStretch]} << 8 | uint32_t{plane[2 * kStretch]} << 16 |
         uint32_t{plane[3 * kStretch]} << 24;
}

const char* ColumnsReader::read(Event* out, size_t max, size_t* got) {
  const size_t count = std::min<uint64_t>({max, kStretch, summary_.events - next_});
  *got = count;
  for (size_t column = 0; column < kColumns && count > 0; column++) {
    if (!load_column(column, next_, count)) return "the trace cannot be read";
  }
  for (size_t i = 0; i < count; i++) {
    const uint8_t op_and_alignment = planes_[kOpColumn * kStretch + i];
    time_sum_ms_ += word(kTimePlanes, i);
    time_ms_ = std::max(time_ms_, time_sum_ms_);  // the recorded clocks of two threads may differ by a step
    const uint32_t zigzag = word(kSlotPlanes, i);
    slot_ += (zigzag >> 1) ^ (0u - (zigzag & 1));
    if (slot_ >= summary_.slots) return "the trace is corrupted: an object number is out of range";
    out[i] = {word(kSizePlanes, i),
              slot_,
              time_ms_,
              thread_number_[planes_[kThreadColumn * kStretch + i]] - 1,
              static_cast<Op>(op_and_alignment & 7),
              static_cast<uint8_t>(op_and_alignment >> 3)};
    if (!known(out[i].op)) return "the trace is corrupted: an unknown operation";
  }
  next_ += count;
  return nullptr;
}

}  // namespace neap::trace
