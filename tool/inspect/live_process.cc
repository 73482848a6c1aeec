#include "tool/inspect/live_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "tool/inspect/rights.h"
#include "tool/inspect/smaps.h"

namespace neap {
namespace {

constexpr std::uint64_t present_bit = std::uint64_t{1} << 63, swapped_bit = std::uint64_t{1} << 62;
constexpr std::size_t most_pieces = 512;  // of one process_vm_readv

class Pieces {
 public:
  explicit Pieces(pid_t pid) : pid_(pid) {}
  bool add(std::uint64_t address, char* to, std::size_t size) {
    local_[count_] = {to, size};
    remote_[count_] = {reinterpret_cast<void*>(address), size};
    bytes_ += size;
    return ++count_ < most_pieces || flush();
  }
  bool flush() {
    const bool all = count_ == 0 || ::process_vm_readv(pid_, local_.data(), count_, remote_.data(), count_, 0) ==
                                        static_cast<ssize_t>(bytes_);
    count_ = bytes_ = 0;
    return all;
  }

 private:
  pid_t pid_;
  std::array<iovec, most_pieces> local_, remote_;
  std::size_t count_ = 0, bytes_ = 0;
};

}  // namespace

LiveProcess::LiveProcess(pid_t pid) : pid_(pid) {
  page_size_ = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  still_ = false;
  refresh();
  pagemap_ = ::open(fmt::format("/proc/{}/pagemap", pid).c_str(), O_RDONLY | O_CLOEXEC);
  std::uint64_t entry = 0;
  const Mapping& first = mappings_.front();
  if (pagemap_ < 0 || ::pread(pagemap_, &entry, sizeof entry, static_cast<off_t>(first.start / page_size_ * 8)) <= 0) {
    const int error = errno;
    if (pagemap_ >= 0) ::close(pagemap_);
    throw_no_rights(pid, error);
  }
  if (!may_be_read()) {
    ::close(pagemap_);
    throw_no_rights(pid, EPERM);
  }
}

// Whether the process's memory can be read. Its pages may be countable all the same: yama guards only the memory.
bool LiveProcess::may_be_read() {
  std::array<std::uint8_t, 512> states;
  for (const Mapping& mapping : mappings_) {
    if (!mapping.readable || mapping.resident == 0) continue;
    const std::size_t pages = std::min<std::uint64_t>(states.size(), mapping.size() / page_size_);
    read_pages(mapping.start, std::span(states).first(pages));
    const auto found = std::find(states.begin(), states.begin() + static_cast<std::ptrdiff_t>(pages), page_present);
    if (found == states.begin() + static_cast<std::ptrdiff_t>(pages)) continue;
    char byte = 0;
    Pieces pieces(pid_);
    pieces.add(mapping.start + static_cast<std::uint64_t>(found - states.begin()) * page_size_, &byte, 1);
    return pieces.flush() || errno != EPERM;
  }
  return true;
}

LiveProcess::~LiveProcess() { ::close(pagemap_); }

void LiveProcess::refresh() {
  std::ifstream smaps(fmt::format("/proc/{}/smaps", pid_));
  if (!smaps) throw_no_rights(pid_, errno);
  mappings_ = parse_smaps(smaps);
  if (mappings_.empty()) throw_no_rights(pid_, smaps.bad() ? EACCES : 0);
}

void LiveProcess::read_pages(std::uint64_t first, std::span<std::uint8_t> states) {
  std::array<std::uint64_t, 8192> entries;
  for (std::size_t done = 0; done < states.size();) {
    const std::size_t want = std::min(entries.size(), states.size() - done);
    const auto at = static_cast<off_t>((first / page_size_ + done) * sizeof entries[0]);
    const ssize_t got = ::pread(pagemap_, entries.data(), want * sizeof entries[0], at);
    const std::size_t count = got <= 0 ? 0 : static_cast<std::size_t>(got) / sizeof entries[0];
    for (std::size_t i = 0; i < count; ++i)
      states[done + i] = (entries[i] & present_bit) != 0   ? page_present
                         : (entries[i] & swapped_bit) != 0 ? page_swapped
                                                           : page_absent;
    if (count == 0) return std::fill(states.begin() + static_cast<std::ptrdiff_t>(done), states.end(), page_absent);
    done += count;
  }
}

bool LiveProcess::read(std::uint64_t address, void* to, std::size_t size) {
  if (size == 0) return true;
  if (address + size < address || mapping_of(address) == nullptr) return false;
  const std::uint64_t first = address / page_size_ * page_size_, end = address + size;
  std::vector<std::uint8_t> states((end - first + page_size_ - 1) / page_size_);
  read_pages(first, states);
  Pieces pieces(pid_);
  for (std::size_t page = 0; page < states.size();) {
    std::size_t next = page + 1;
    while (next < states.size() && states[next] == states[page]) ++next;
    const std::uint64_t from = std::max(address, first + page * page_size_);
    const std::uint64_t until = std::min(end, first + next * page_size_);
    char* const here = static_cast<char*>(to) + (from - address);
    if (states[page] != page_present)
      std::memset(here, 0, until - from);
    else if (!pieces.add(from, here, until - from))
      return false;
    page = next;
  }
  return pieces.flush();
}

}  // namespace neap
