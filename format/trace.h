// The trace file: what `neap trace record` writes and neap-replay reads. All numbers little-endian.
//
//   FileHeader | (ChunkHeader packed-columns)* | FooterHeader u64 last_event[threads] | Trailer
//
// A chunk is one zstd frame with a checksum. Unpacked it is u32 length[kColumns], then these columns of its n events:
//   ops            a byte per event: op | log2(alignment) << 3
//   threads        runs (count, thread) until n events are covered
//   times          runs (count, ms since the run before) until n events are covered
//   sizes low/high bytes of min(size, 65535) of every event that is not a release
//   long sizes     size - 65535 of each of those that reach 65535
//   slots 0..3     byte planes, low first, of the slots of releases and resizes
// Numbers in runs and long sizes are LEB128 varints. A birth carries no slot: writer and reader both keep a stack of
// free slots and take its top, or the next unused slot.
#pragma once

#include <cstddef>
#include <cstdint>

namespace neap::trace {

inline constexpr char kFileMagic[8] = {'n', 'e', 'a', 'p', 't', 'r', 'c', '\n'};
inline constexpr char kTrailerMagic[8] = {'n', 'e', 'a', 'p', 'e', 'n', 'd', '\n'};
inline constexpr std::uint32_t kFileVersion = 1;
inline constexpr std::uint32_t kChunkMagic = 0x4b4e4843;   // "CHNK"
inline constexpr std::uint32_t kFooterMagic = 0x544f4f46;  // "FOOT"
inline constexpr std::uint32_t kChunkEvents = 1u << 18;
inline constexpr std::uint32_t kMaxChunkBytes = kChunkEvents * 48;  // unpacked, at worst
inline constexpr std::uint16_t kLongSize = 65535;

enum Column : std::uint8_t { kOps, kThreads, kTimes, kSizesLow, kSizesHigh, kLongSizes, kSlots, kColumns = kSlots + 4 };

struct FileHeader {
  char magic[8];
  std::uint32_t version;
  std::uint32_t reserved;
  std::uint64_t started_unix_s;
  char program[40];  // the file name of what was recorded, cut and zero-terminated
};
static_assert(sizeof(FileHeader) == 64);

struct ChunkHeader {
  std::uint32_t magic;
  std::uint32_t events;
  std::uint32_t unpacked_bytes;
  std::uint32_t packed_bytes;
};
static_assert(sizeof(ChunkHeader) == 16);

struct FooterHeader {
  std::uint32_t magic;
  std::uint32_t slots;
  std::uint64_t events;
  std::uint32_t threads;
  std::uint32_t duration_ms;
};
static_assert(sizeof(FooterHeader) == 24);

struct Trailer {
  std::uint64_t footer_offset;
  char magic[8];
};
static_assert(sizeof(Trailer) == 16);

}  // namespace neap::trace
