#include "trace_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <cstdint>

namespace neap::trace {

TraceReader::~TraceReader() {
  if (file_ >= 0) close(file_);
}

const char* TraceReader::open(const char* path) {
  file_ = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file_ < 0) return strerror(errno);
  char magic[sizeof kFileMagic] = {};
  const ssize_t got = pread(file_, magic, sizeof magic, 0);
  if (got < 0) return strerror(errno);
  if (memcmp(magic, kFileMagic, sizeof magic) == 0) {
    native_ = true;
    return chunks_.open(file_);
  }
  std::uint32_t first = 0;
  memcpy(&first, magic, sizeof first);
  if (first != ZSTD_MAGICNUMBER) return "this is not an allocation trace (neither a neap trace nor a .trc.zst one)";
  return columns_.open(file_);
}

}  // namespace neap::trace
