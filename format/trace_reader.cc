#include "trace_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

namespace neap::trace {

TraceReader::~TraceReader() {
  if (file_ >= 0) close(file_);
}

const char* TraceReader::open(const char* path) {
  file_ = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file_ < 0) return strerror(errno);
  return columns_.open(file_);
}

}  // namespace neap::trace
