#include "misuse/roots.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "misuse/memory.h"

namespace neap::misuse {
namespace {

constexpr std::size_t kMaxText = 32 << 20, kPage = 4096, kAtOnce = 512;

// The process's maps, read as a whole before anything is searched. They are read from the thread's folder in /proc,
// because the process's own is empty once its first thread has ended.
class MapsText {
 public:
  MapsText() : text_(static_cast<char*>(take_memory(kMaxText))) {
    const int file = open("/proc/thread-self/maps", O_RDONLY | O_CLOEXEC);
    if (file < 0 || text_ == nullptr) return;
    for (ssize_t got; size_ < kMaxText - 1 && (got = read(file, text_ + size_, kMaxText - 1 - size_)) > 0;)
      size_ += static_cast<std::size_t>(got);
    close(file);
  }
  MapsText(const MapsText&) = delete;
  MapsText& operator=(const MapsText&) = delete;
  ~MapsText() {
    if (text_ != nullptr) munmap(text_, kMaxText);
  }
  bool is_known() const { return size_ > 0; }
  const char* text() const { return text_; }
  bool holds(std::uint64_t address) const { return address - reinterpret_cast<std::uint64_t>(text_) < kMaxText; }

 private:
  char* text_;
  std::size_t size_ = 0;
};

struct Range {
  std::uint64_t begin, end;
};

// Private memory, or memory that only this process and its children share. Memory shared with others through a file
// holds no pointers of this process.
bool is_of_program(const char* mode, const char* end) {
  if (memcmp(mode, " rw", 3) != 0) return false;
  constexpr char kShared[] = "/dev/zero (deleted)";
  return mode[4] == 'p' ||
         (end != nullptr && memmem(mode, static_cast<std::size_t>(end - mode), kShared, sizeof kShared - 1) != nullptr);
}

// The next mapping of the program's that can be read and written; false at the end.
bool next_range(const char*& line, Range& range) {
  while (*line != '\0') {
    char* at;
    range.begin = strtoull(line, &at, 16);
    range.end = strtoull(at + 1, &at, 16);
    const char* const end = strchr(at, '\n');
    const bool wanted = is_of_program(at, end);
    line = end == nullptr ? "" : end + 1;
    if (wanted) return true;
  }
  return false;
}

// Scans only the pages that have memory, or are swapped.
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

bool each_root(std::span<const std::uint64_t> stacks, IsSkipped is_skipped, Scan scan, void* with) {
  const MapsText maps;
  if (!maps.is_known()) return false;
  const int flags = open("/proc/thread-self/pagemap", O_RDONLY | O_CLOEXEC);
  Range range{};
  for (const char* line = maps.text(); next_range(line, range);) {
    if (maps.holds(range.begin) || is_skipped(range.begin, range.end, with)) continue;
    for (const std::uint64_t stack : stacks) {
      if (stack >= range.begin && stack < range.end) range.begin = stack & ~std::uint64_t{7};
    }
    scan_pages(flags, range, scan, with);
  }
  if (flags >= 0) close(flags);
  return true;
}

}  // namespace neap::misuse
