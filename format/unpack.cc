#include "unpack.h"

#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "zstd_memory.h"

namespace neap::trace {
namespace {

constexpr std::size_t kWindowLog = 27;  // what `zstd --long=27` needs
constexpr std::size_t kArenaBytes = std::size_t{400} << 20;
constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

bool write_all(int fd, const std::uint8_t* bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t n = write(fd, bytes, count);
    if (n <= 0) return false;
    bytes += n;
    count -= static_cast<std::size_t>(n);
  }
  return true;
}

}  // namespace

const char* unpack_to_file(int compressed, int target, std::uint64_t* written) {
  ZstdMemory arena(kArenaBytes);
  ZSTD_DCtx* context = ZSTD_createDCtx_advanced(arena.hooks());
  auto input = SharedArray<std::uint8_t>::make(kBufferBytes);
  auto output = SharedArray<std::uint8_t>::make(kBufferBytes);
  if (context == nullptr || !input.ok() || !output.ok()) return "no memory to unpack the trace";
  ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, kWindowLog);
  *written = 0;
  std::size_t pending = 0;
  for (;;) {
    const ssize_t n = read(compressed, input.data(), input.size());
    if (n < 0) return "the trace cannot be read";
    if (n == 0) return pending == 0 ? nullptr : "the trace is truncated: its compressed data ends early";
    ZSTD_inBuffer in{input.data(), static_cast<std::size_t>(n), 0};
    for (bool full = false; in.pos < in.size || full;) {
      ZSTD_outBuffer out{output.data(), output.size(), 0};
      pending = ZSTD_decompressStream(context, &out, &in);
      if (ZSTD_isError(pending)) return "the trace is corrupted: its compressed data does not unpack";
      if (!write_all(target, output.data(), out.pos)) return "no room to unpack the trace";
      *written += out.pos;
      full = out.pos == out.size;
    }
  }
}

}  // namespace neap::trace
