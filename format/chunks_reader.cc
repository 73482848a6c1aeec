#include "chunks_reader.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace neap::trace {
namespace {

constexpr const char* kTruncated = "the trace is truncated: its end is missing";
constexpr const char* kCorrupted = "the trace is corrupted: its records contradict each other";
constexpr const char* kDamaged = "the trace is corrupted: a chunk does not unpack";
constexpr const char* kNoMemory = "no memory to read the trace";

template <typename T>
bool read_at(int file, std::uint64_t offset, T* into, std::size_t count = 1) {
  const std::size_t bytes = count * sizeof(T);
  return pread(file, into, bytes, static_cast<off_t>(offset)) == static_cast<ssize_t>(bytes);
}

}  // namespace

std::uint8_t ChunksReader::Bytes::next() {
  if (at != end) return *at++;
  is_short = true;
  return 0;
}

std::uint64_t ChunksReader::Bytes::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint8_t byte = next();
    value |= std::uint64_t{byte & 127u} << shift;
    if (byte < 128) break;
  }
  return value;
}

const char* ChunksReader::open(int file) {
  file_ = file;
  if (!read_at(file, 0, &header_)) return kTruncated;
  header_.program[sizeof header_.program - 1] = 0;
  if (header_.version != kFileVersion) return "the trace was written by a newer neap: update neap to read it";
  struct stat info {};
  if (fstat(file_, &info) != 0) return "the trace cannot be read";
  const auto bytes = static_cast<std::uint64_t>(info.st_size);
  packed_ = SharedArray<std::uint8_t>::make(ZSTD_compressBound(kMaxChunkBytes), true);
  columns_ = SharedArray<std::uint8_t>::make(kMaxChunkBytes, true);
  context_ = ZSTD_createDCtx_advanced(zstd_memory_.hooks());
  if (!packed_.ok() || !columns_.ok() || context_ == nullptr) return kNoMemory;
  if (const char* error = has_end(bytes) ? read_footer() : recover(bytes)) return error;
  free_slots_ = SharedArray<std::uint32_t>::make(summary_.slots);
  rewind();
  return free_slots_.ok() ? nullptr : kNoMemory;
}

bool ChunksReader::has_end(std::uint64_t file_bytes) const {
  Trailer trailer;
  return file_bytes >= sizeof(FileHeader) + sizeof trailer && read_at(file_, file_bytes - sizeof trailer, &trailer) &&
         memcmp(trailer.magic, kTrailerMagic, sizeof trailer.magic) == 0;
}

void ChunksReader::rewind() {
  chunk_offset_ = sizeof header_;
  free_count_ = 0;
  slots_used_ = left_in_chunk_ = time_ms_ = 0;
}

const char* ChunksReader::read_footer() {
  struct stat info {};
  Trailer trailer;
  FooterHeader footer;
  if (fstat(file_, &info) != 0) return "the trace cannot be read";
  const auto bytes = static_cast<std::uint64_t>(info.st_size);
  if (!read_at(file_, bytes - sizeof trailer, &trailer)) return kTruncated;
  footer_offset_ = trailer.footer_offset;
  if (footer_offset_ > bytes || !read_at(file_, footer_offset_, &footer)) return kCorrupted;
  const std::uint64_t table_bytes = std::uint64_t{footer.threads} * sizeof(std::uint64_t);
  if (footer.magic != kFooterMagic || footer_offset_ + sizeof footer + table_bytes + sizeof trailer != bytes) {
    return kCorrupted;
  }
  if (footer.slots > footer.events) return kCorrupted;  // each slot's first object has its event
  summary_ = {footer.events, footer.slots, footer.threads, footer.duration_ms};
  last_event_ = SharedArray<std::uint64_t>::make(footer.threads);
  if (!last_event_.ok()) return kNoMemory;
  if (footer.events == 0) return "the trace holds no events";
  return read_at(file_, footer_offset_ + sizeof footer, last_event_.data(), footer.threads) ? nullptr : kTruncated;
}

// The headers of chunks give an upper bound of everything; then all whole chunks are decoded once.
const char* ChunksReader::recover(std::uint64_t file_bytes) {
  std::uint64_t offset = sizeof header_, most_events = 0;
  ChunkHeader chunk;
  while (offset + sizeof chunk <= file_bytes && read_at(file_, offset, &chunk) && chunk.magic == kChunkMagic) {
    if (chunk.events == 0 || chunk.events > kChunkEvents || offset + sizeof chunk + chunk.packed_bytes > file_bytes)
      break;
    offset += sizeof chunk + chunk.packed_bytes;
    most_events += chunk.events;
  }
  if (most_events == 0 || most_events > UINT32_MAX) return kTruncated;
  free_slots_ = SharedArray<std::uint32_t>::make(most_events, true);
  last_event_ = SharedArray<std::uint64_t>::make(most_events, true);
  if (!free_slots_.ok() || !last_event_.ok()) return kNoMemory;
  const auto bound = static_cast<std::uint32_t>(most_events);
  summary_ = {0, bound, bound, 0, true, 0};
  footer_offset_ = offset;
  std::uint32_t threads = 0;
  rewind();
  while (chunk_offset_ < footer_offset_) {
    const std::uint64_t start = chunk_offset_;
    if (load_chunk() != nullptr) {  // the last of them: its place was reserved, its bytes never came
      footer_offset_ = start;
      break;
    }
    for (; left_in_chunk_ > 0; left_in_chunk_--) {
      Event event;
      if (const char* error = decode(event)) return error;
      last_event_[event.thread] = summary_.events++;
      threads = std::max(threads, event.thread + 1);
    }
  }
  if (summary_.events == 0) return kTruncated;
  summary_.slots = slots_used_;
  summary_.threads = threads;
  summary_.duration_ms = time_ms_;
  summary_.lost_bytes = file_bytes - footer_offset_;
  return nullptr;
}

const char* ChunksReader::load_chunk() {
  ChunkHeader chunk;
  if (!read_at(file_, chunk_offset_, &chunk)) return kTruncated;
  const std::uint64_t end = chunk_offset_ + sizeof chunk + chunk.packed_bytes;
  if (chunk.magic != kChunkMagic || chunk.events == 0 || end > footer_offset_) return kCorrupted;
  if (chunk.packed_bytes > packed_.size() || chunk.unpacked_bytes > columns_.size()) return kCorrupted;
  if (!read_at(file_, chunk_offset_ + sizeof chunk, packed_.data(), chunk.packed_bytes)) return kTruncated;
  const std::size_t bytes =
      ZSTD_decompressDCtx(context_, columns_.data(), columns_.size(), packed_.data(), chunk.packed_bytes);
  if (ZSTD_isError(bytes) || bytes != chunk.unpacked_bytes) return kDamaged;
  chunk_offset_ = end;
  left_in_chunk_ = chunk.events;
  thread_ = time_ = {};
  return cut_columns(bytes);
}

const char* ChunksReader::cut_columns(std::size_t bytes) {
  std::uint32_t length[kColumns];
  if (bytes < sizeof length) return kCorrupted;
  memcpy(length, columns_.data(), sizeof length);
  std::size_t at = sizeof length;
  for (std::size_t i = 0; i < kColumns; i++) {
    if (length[i] > bytes - at) return kCorrupted;
    column_[i] = {columns_.data() + at, columns_.data() + at + length[i], false};
    at += length[i];
  }
  return nullptr;
}

void ChunksReader::next_run(Run& run, Bytes& column) {
  if (run.left == 0) {
    run.left = std::max<std::uint64_t>(1, column.varint());
    run.value = column.varint();
    if (&run == &time_) time_ms_ += static_cast<std::uint32_t>(run.value);
  }
  run.left--;
}

std::uint64_t ChunksReader::next_size() {
  const std::uint64_t low = column_[kSizesLow].next();
  const std::uint64_t size = low | std::uint64_t{column_[kSizesHigh].next()} << 8;
  return size < kLongSize ? size : size + column_[kLongSizes].varint();
}

std::uint32_t ChunksReader::next_slot() {
  std::uint32_t slot = 0;
  for (unsigned plane = 0; plane < 4; plane++) slot |= std::uint32_t{column_[kSlots + plane].next()} << (8 * plane);
  return slot;
}

const char* ChunksReader::birth_slot(std::uint32_t* slot) {
  if (free_count_ > 0) {
    *slot = free_slots_[--free_count_];
    return nullptr;
  }
  *slot = slots_used_++;
  return *slot < summary_.slots ? nullptr : kCorrupted;
}

const char* ChunksReader::decode(Event& event) {
  const std::uint8_t op_and_alignment = column_[kOps].next();
  event = {};
  event.op = static_cast<Op>(op_and_alignment & 7);
  event.alignment_log2 = static_cast<std::uint8_t>(op_and_alignment >> 3);
  next_run(thread_, column_[kThreads]);
  next_run(time_, column_[kTimes]);
  event.thread = static_cast<std::uint32_t>(thread_.value);
  event.time_ms = time_ms_;
  if (!known(event.op) || thread_.value >= summary_.threads) return kCorrupted;
  if (event.op != Op::release) event.size_bytes = next_size();
  if (event.op == Op::release || event.op == Op::resize) {
    event.slot = next_slot();
    if (event.slot >= slots_used_) return kCorrupted;
  } else if (const char* error = birth_slot(&event.slot)) {
    return error;
  }
  if (event.op == Op::release) {
    if (free_count_ == free_slots_.size()) return kCorrupted;
    free_slots_[free_count_++] = event.slot;
  }
  return nullptr;
}

const char* ChunksReader::read(Event* out, std::size_t max, std::size_t* got) {
  *got = 0;
  if (left_in_chunk_ == 0) {
    if (chunk_offset_ == footer_offset_) return nullptr;
    if (const char* error = load_chunk()) return error;
  }
  const std::size_t count = std::min<std::size_t>(max, left_in_chunk_);
  for (std::size_t i = 0; i < count; i++) {
    if (const char* error = decode(out[i])) return error;
  }
  left_in_chunk_ -= static_cast<std::uint32_t>(count);
  for (const Bytes& column : column_) {
    if (column.is_short) return kCorrupted;
  }
  *got = count;
  return nullptr;
}

}  // namespace neap::trace
