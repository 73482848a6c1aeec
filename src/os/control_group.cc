#include "os/control_group.h"

#include <cstring>

namespace neap::os {
namespace {

// v1 says "no limit" by a number of about this size.
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 62;

// Where a hierarchy lies, and what its files are called.
struct Hierarchy {
  const char* place;
  const char* limits[2];
  const char* used;
  const char* file_pages[2];  // lines of memory.stat
};
constexpr Hierarchy kUnified{
    "/sys/fs/cgroup", {"memory.max", "memory.high"}, "memory.current", {"\nactive_file ", "\ninactive_file "}};
constexpr Hierarchy kOfMemory{"/sys/fs/cgroup/memory",
                              {"memory.limit_in_bytes", nullptr},
                              "memory.usage_in_bytes",
                              {"\ntotal_active_file ", "\ntotal_inactive_file "}};

// The number at the beginning of a text; kNoLimit for anything else, such as "max".
std::uint64_t number_at(const char* text) {
  std::uint64_t value = 0;
  if (*text < '0' || *text > '9') return kNoLimit;
  for (; *text >= '0' && *text <= '9' && value < kNoLimit; ++text)
    value = value * 10 + static_cast<std::uint64_t>(*text - '0');
  return value < kNoLimit ? value : kNoLimit;
}

// A path that is put together in `buffer`. When it does not fit, it is no path.
template <std::size_t kBytes>
class Path {
 public:
  explicit Path(char (&buffer)[kBytes]) : text_(buffer) { text_[0] = 0; }
  Path& add(const char* text, std::size_t length) {
    fits_ = fits_ && length < kBytes - size_;
    if (fits_) {
      std::memcpy(text_ + size_, text, length);
      text_[size_ += length] = 0;
    }
    return *this;
  }
  Path& add(const char* text) { return add(text, std::strlen(text)); }
  bool fits() const { return fits_; }

 private:
  char (&text_)[kBytes];
  std::size_t size_ = 0;
  bool fits_ = true;
};

// One group: `path` is `length` long, and begins with a slash if it is not empty.
class Group {
 public:
  Group(ReadFile read, GroupTexts& texts, const Hierarchy& hierarchy, const char* path, std::size_t length)
      : read_(read), texts_(texts), hierarchy_(hierarchy), path_(path), length_(length) {}

  GroupMemory memory() const {
    GroupMemory found;
    for (const char* name : hierarchy_.limits) {
      const std::uint64_t limit = name != nullptr ? number(name) : kNoLimit;
      if (limit < found.limit && limit != kNoLimit) found.limit = limit;
    }
    if (found.limit != UINT64_MAX) found.used = used();
    return found;
  }

 private:
  // The text of one of the group's files; empty where it has none.
  const char* text_of(const char* name) const {
    Path path(texts_.path);
    path.add(hierarchy_.place).add(path_, length_).add("/").add(name);
    texts_.file[path.fits() ? read_(texts_.path, texts_.file, sizeof texts_.file - 1) : 0] = 0;
    return texts_.file;
  }
  std::uint64_t number(const char* name) const { return number_at(text_of(name)); }
  // What the group has that the kernel could not take back at once. Where the kernel does not tell, nothing counts as
  // used.
  std::uint64_t used() const {
    const std::uint64_t all = number(hierarchy_.used);
    const char* text = text_of("memory.stat");
    std::uint64_t files = 0;
    for (const char* name : hierarchy_.file_pages) {
      const char* line = std::strstr(text, name);
      const std::uint64_t bytes = line != nullptr ? number_at(line + std::strlen(name)) : 0;
      if (bytes != kNoLimit) files += bytes;
    }
    return all == kNoLimit ? 0 : rest(all, files);
  }

  ReadFile read_;
  GroupTexts& texts_;
  const Hierarchy& hierarchy_;
  const char* path_;
  std::size_t length_;
};

// A line of /proc/self/cgroup, which is ID:CONTROLLERS:PATH. That of v2 names no controllers.
struct Membership {
  const char *controllers = nullptr, *path = nullptr;
  std::size_t controllers_length = 0, path_length = 0;

  bool names(const char* controller) const {
    const std::size_t length = std::strlen(controller);
    for (const char *at = controllers, *end = controllers + controllers_length; at < end;) {
      const void* comma = std::memchr(at, ',', static_cast<std::size_t>(end - at));
      const char* const behind = comma != nullptr ? static_cast<const char*>(comma) : end;
      if (static_cast<std::size_t>(behind - at) == length && std::memcmp(at, controller, length) == 0) return true;
      at = behind + 1;
    }
    return false;
  }
};

// Calls fn(Membership) for each line that is whole.
template <class Fn>
void each_line(const char* text, Fn fn) {
  for (const char* end = nullptr; (end = std::strchr(text, '\n')) != nullptr; text = end + 1) {
    const std::size_t length = static_cast<std::size_t>(end - text);
    const char* first = static_cast<const char*>(std::memchr(text, ':', length));
    const char* second =
        first != nullptr
            ? static_cast<const char*>(std::memchr(first + 1, ':', static_cast<std::size_t>(end - first) - 1))
            : nullptr;
    if (second == nullptr) continue;
    fn(Membership{first + 1, second + 1, static_cast<std::size_t>(second - first) - 1,
                  static_cast<std::size_t>(end - second) - 1});
  }
}

// Goes from the group upwards to the root of the hierarchy. (A process that sees no other group than its own finds it
// there.)
GroupMemory tightest(ReadFile read, GroupTexts& texts, const Hierarchy& hierarchy, const Membership& of) {
  GroupMemory least;
  std::size_t length = of.path_length;
  for (;;) {
    while (length > 0 && of.path[length - 1] == '/') --length;
    const GroupMemory here = Group(read, texts, hierarchy, of.path, length).memory();
    if (here.limit != UINT64_MAX && (least.limit == UINT64_MAX || here.left() < least.left())) least = here;
    if (length == 0) return least;
    while (length > 0 && of.path[length - 1] != '/') --length;
  }
}

}  // namespace

GroupMemory read_group_memory(ReadFile read, GroupTexts& texts) {
  texts.membership[read("/proc/self/cgroup", texts.membership, sizeof texts.membership - 1)] = 0;
  const Hierarchy* hierarchy = nullptr;
  Membership found;
  each_line(texts.membership, [&](const Membership& of) {
    const bool of_memory = of.names("memory");
    if (!of_memory && (of.controllers_length != 0 || hierarchy != nullptr)) return;
    hierarchy = of_memory ? &kOfMemory : &kUnified;
    found = of;
  });
  return hierarchy != nullptr ? tightest(read, texts, *hierarchy, found) : GroupMemory{};
}

}  // namespace neap::os
