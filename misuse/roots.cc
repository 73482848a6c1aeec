#include "misuse/roots.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "misuse/memory.h"

namespace neap::misuse {
namespace {

constexpr std::size_t kMostText = 32 << 20, kPage = 4096, kAtOnce = 512;

// The whole of /proc/self/maps, read before anything is looked at.
class MapsText {
 public:
  MapsText() : text_(static_cast<char*>(take_memory(kMostText))) {
    const int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (file < 0 || text_ == nullptr) return;
    for (ssize_t got; size_ < kMostText - 1 && (got = read(file, text_ + size_, kMostText - 1 - size_)) > 0;)
      size_ += static_cast<std::size_t>(got);
    close(file);
  }
  MapsText(const MapsText&) = delete;
  MapsText& operator=(const MapsText&) = delete;
  ~MapsText() {
    if (text_ != nullptr) munmap(text_, kMostText);
  }
  const char* text() const { return text_ == nullptr ? "" : text_; }
  bool holds(std::uint64_t address) const { return address - reinterpret_cast<std::uint64_t>(text_) < kMostText; }

 private:
  char* text_;
  std::size_t size_ = 0;
};

struct Range {
  std::uint64_t begin, end;
};

// The next mapping that is private and can be read and written; false at the end.
bool next_range(const char*& line, Range& range) {
  while (*line != '\0') {
    char* at;
    range.begin = strtoull(line, &at, 16);
    range.end = strtoull(at + 1, &at, 16);
    const bool wanted = memcmp(at, " rw", 3) == 0 && at[4] == 'p';
    const char* const end = strchr(at, '\n');
    line = end == nullptr ? "" : end + 1;
    if (wanted) return true;
  }
  return false;
}

// Only the pages that have memory, or had.
void scan_pages(int flags_file, const Range& range, Scan scan, void* with) {
  std::uint64_t flags[kAtOnce];
  for (std::uint64_t at = range.begin; at < range.end;) {
    const std::uint64_t first = at / kPage, last = (range.end - 1) / kPage;
    const std::uint64_t count = last - first + 1 < kAtOnce ? last - first + 1 : kAtOnce;
    const auto bytes = static_cast<ssize_t>(count * sizeof *flags);
    const bool known =
        pread(flags_file, flags, static_cast<std::size_t>(bytes), static_cast<off_t>(first * sizeof *flags)) == bytes;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t end = (first + i + 1) * kPage < range.end ? (first + i + 1) * kPage : range.end;
      if (!known || flags[i] >> 62 != 0)
        scan(reinterpret_cast<const std::uint64_t*>(at), reinterpret_cast<const std::uint64_t*>(end), with);
      at = end;
    }
  }
}

}  // namespace

void each_root(std::span<const std::uint64_t> stacks, IsSkipped is_skipped, Scan scan, void* with) {
  const MapsText maps;
  const int flags = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  Range range{};
  for (const char* line = maps.text(); next_range(line, range);) {
    if (maps.holds(range.begin) || is_skipped(range.begin, range.end, with)) continue;
    for (const std::uint64_t stack : stacks) {
      if (stack >= range.begin && stack < range.end) range.begin = stack & ~std::uint64_t{7};
    }
    scan_pages(flags, range, scan, with);
  }
  if (flags >= 0) close(flags);
}

}  // namespace neap::misuse
