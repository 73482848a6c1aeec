#include "trace_writer.h"

#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <stdexcept>

namespace neap::trace {
namespace {

void put_varint(std::vector<std::uint8_t>& out, std::uint64_t value) {
  for (; value >= 128; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 128));
  out.push_back(static_cast<std::uint8_t>(value));
}

}  // namespace

TraceWriter::TraceWriter(const std::string& path, const std::string& program, int compression_level,
                         std::uint64_t started_unix_s)
    : file_(std::fopen(path.c_str(), "wbe")), context_(ZSTD_createCCtx()) {
  if (file_ == nullptr) throw std::runtime_error("cannot write " + path + ": " + std::strerror(errno));
  ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, compression_level);
  ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
  FileHeader header{};
  std::memcpy(header.magic, kFileMagic, sizeof header.magic);
  header.version = kFileVersion;
  header.started_unix_s = started_unix_s != 0 ? started_unix_s : static_cast<std::uint64_t>(std::time(nullptr));
  program.copy(header.program, sizeof header.program - 1);
  write(&header, sizeof header);
}

TraceWriter::~TraceWriter() {
  std::fclose(file_);
  ZSTD_freeCCtx(context_);
}

void TraceWriter::write(const void* data, std::size_t bytes) {
  if (std::fwrite(data, 1, bytes, file_) != bytes) {
    throw std::runtime_error(std::string("cannot write the trace: ") + std::strerror(errno));
  }
  offset_ += bytes;
}

void TraceWriter::add(const Event& event) {
  const std::uint32_t thread = thread_number(event.thread);
  const std::uint32_t later_ms = event.time_ms > time_ms_ ? event.time_ms - time_ms_ : 0;
  if (threads_run_.count > 0 && threads_run_.value != thread) put_run(kThreads, threads_run_);
  if (times_run_.count > 0 && later_ms > 0) put_run(kTimes, times_run_);
  if (times_run_.count == 0) times_run_.value = later_ms;
  threads_run_.value = thread;
  threads_run_.count++;
  times_run_.count++;
  time_ms_ += later_ms;

  column_[kOps].push_back(static_cast<std::uint8_t>(static_cast<unsigned>(event.op) | event.alignment_log2 << 3));
  if (event.op != Op::release) put_size(event.size_bytes);
  put_slot(event);
  last_event_[thread] = events_++;
  if (++chunk_events_ == kChunkEvents) flush_chunk();
}

void TraceWriter::put_size(std::uint64_t size) {
  const auto low = static_cast<std::uint16_t>(std::min<std::uint64_t>(size, kLongSize));
  column_[kSizesLow].push_back(static_cast<std::uint8_t>(low));
  column_[kSizesHigh].push_back(static_cast<std::uint8_t>(low >> 8));
  if (size >= kLongSize) put_varint(column_[kLongSizes], size - kLongSize);
}

void TraceWriter::put_slot(const Event& event) {
  if (event.slot >= slot_of_.size())
    slot_of_.resize(std::max<std::size_t>(event.slot + std::size_t{1}, slot_of_.size() * 2));
  std::uint32_t& ours = slot_of_[event.slot];
  const bool birth = event.op != Op::release && event.op != Op::resize;
  if (birth != (ours == 0)) throw std::runtime_error("the events contradict each other: an object lives or dies twice");
  if (birth) {
    if (free_slots_.empty()) {
      ours = ++slots_used_;
    } else {
      ours = free_slots_.back() + 1;
      free_slots_.pop_back();
    }
    return;
  }
  const std::uint32_t slot = ours - 1;
  for (unsigned plane = 0; plane < 4; plane++) {
    column_[kSlots + plane].push_back(static_cast<std::uint8_t>(slot >> (8 * plane)));
  }
  if (event.op == Op::release) {
    free_slots_.push_back(slot);
    ours = 0;
  }
}

void TraceWriter::put_run(Column column, Run& run) {
  put_varint(column_[column], run.count);
  put_varint(column_[column], run.value);
  run = {};
}

std::uint32_t TraceWriter::thread_number(std::uint32_t thread) {
  const auto [found, is_new] = thread_numbers_.try_emplace(thread, static_cast<std::uint32_t>(last_event_.size()));
  if (is_new) last_event_.push_back(0);
  return found->second;
}

void TraceWriter::flush_chunk() {
  if (chunk_events_ == 0) return;
  put_run(kThreads, threads_run_);
  put_run(kTimes, times_run_);
  std::uint32_t length[kColumns];
  for (std::size_t i = 0; i < kColumns; i++) length[i] = static_cast<std::uint32_t>(column_[i].size());
  unpacked_.resize(sizeof length);
  std::memcpy(unpacked_.data(), length, sizeof length);
  for (auto& column : column_) {
    unpacked_.insert(unpacked_.end(), column.begin(), column.end());
    column.clear();
  }
  packed_.resize(ZSTD_compressBound(unpacked_.size()));
  const std::size_t bytes =
      ZSTD_compress2(context_, packed_.data(), packed_.size(), unpacked_.data(), unpacked_.size());
  if (ZSTD_isError(bytes)) throw std::runtime_error(std::string("cannot compress: ") + ZSTD_getErrorName(bytes));
  const ChunkHeader chunk{kChunkMagic, chunk_events_, static_cast<std::uint32_t>(unpacked_.size()),
                          static_cast<std::uint32_t>(bytes)};
  write(&chunk, sizeof chunk);
  write(packed_.data(), bytes);
  flush();  // a chunk is whole on disk, whatever happens to this process next
  chunk_events_ = 0;
}

void TraceWriter::finish() {
  flush_chunk();
  Trailer trailer{offset_, {}};
  std::memcpy(trailer.magic, kTrailerMagic, sizeof trailer.magic);
  const FooterHeader footer{kFooterMagic, slots_used_, events_, static_cast<std::uint32_t>(last_event_.size()),
                            time_ms_};
  write(&footer, sizeof footer);
  write(last_event_.data(), last_event_.size() * sizeof(std::uint64_t));
  write(&trailer, sizeof trailer);
  flush();
}

void TraceWriter::flush() {
  if (std::fflush(file_) != 0) throw std::runtime_error(std::string("cannot write the trace: ") + std::strerror(errno));
}

}  // namespace neap::trace
