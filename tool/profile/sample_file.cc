#include "tool/profile/sample_file.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "format/samples.h"
#include "tool/model/failure.h"

namespace neap {

SampleFile::SampleFile() : file_(::memfd_create(samples::kMapName, MFD_CLOEXEC)) {
  if (file_ < 0 || ::ftruncate(file_, sizeof(samples::Table)) != 0)
    throw Failure(fmt::format("cannot make the file of samples: {}", std::strerror(errno)));
}

SampleFile::~SampleFile() { ::close(file_); }

std::string SampleFile::path() const { return fmt::format("/proc/{}/fd/{}", ::getpid(), file_); }

std::optional<SampleTable> SampleFile::read() const {
  std::vector<char> bytes(sizeof(samples::Table));
  const ssize_t got = ::pread(file_, bytes.data(), bytes.size(), 0);
  return got == static_cast<ssize_t>(bytes.size()) ? parse_samples(bytes) : std::nullopt;
}

}  // namespace neap
