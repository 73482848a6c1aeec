#include "tool/misuse/misuse_file.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tool/model/failure.h"

namespace neap {

using namespace misuse;

const Report& MisuseReport::get() const { return *static_cast<const Report*>(static_cast<const void*>(bytes.data())); }

MisuseFile::MisuseFile() : file_(::memfd_create(kMapName, MFD_CLOEXEC)) {
  void* const memory = file_ < 0 || ::ftruncate(file_, sizeof(Log)) != 0
                           ? MAP_FAILED
                           : ::mmap(nullptr, sizeof(Log), PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
  if (memory == MAP_FAILED) throw Failure(fmt::format("cannot make the log of misuse: {}", std::strerror(errno)));
  log_ = static_cast<Log*>(memory);
  log_->magic = kMagic;
}

MisuseFile::~MisuseFile() {
  ::munmap(log_, sizeof(Log));
  ::close(file_);
}

std::string MisuseFile::path() const { return fmt::format("/proc/{}/fd/{}", ::getpid(), file_); }

std::vector<MisuseReport> MisuseFile::fresh() {
  std::vector<MisuseReport> reports;
  const std::size_t taken = std::min<std::size_t>(log_->reports.load(), kReports);
  given_.resize(taken);
  for (std::size_t i = 0; i < taken; ++i) {  // one may never be ready: its process was killed
    if (given_[i] || log_->report[i].ready.load(std::memory_order_acquire) == 0) continue;
    given_[i] = true;
    const char* const from = static_cast<const char*>(static_cast<const void*>(&log_->report[i]));
    MisuseReport report{log_->report[i].kind, {from, from + sizeof(Report)}};
    Report& copy = *static_cast<Report*>(static_cast<void*>(report.bytes.data()));
    copy.call[kName - 1] = '\0';
    copy.kind = report.kind = static_cast<std::size_t>(copy.kind) < kKinds ? copy.kind : Kind::bad_free;
    for (Stack* stack : {&copy.here, &copy.object.made, &copy.object.ended, &copy.beside.made, &copy.beside.ended})
      stack->depth = std::min<std::uint32_t>(stack->depth, kDepth);
    reports.push_back(std::move(report));
  }
  return reports;
}

std::size_t MisuseFile::lost() const {
  return log_->reports.load() - static_cast<std::size_t>(std::count(given_.begin(), given_.end(), true));
}

std::size_t MisuseFile::unsearched() const { return log_->unsearched.load(); }

std::size_t MisuseFile::processes() const { return log_->processes.load(); }

std::string MisuseFile::module(std::uint32_t number) const {
  if (number >= kModules || log_->module[number].ready.load(std::memory_order_acquire) == 0) return {};
  return {log_->module[number].path, ::strnlen(log_->module[number].path, kPath)};
}

}  // namespace neap
