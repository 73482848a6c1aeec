// Objects that grow by realloc up to 1 GiB (128 MiB where memory is limited or locked), with the hazards of mremap on
// the way: the program's own mappings take whatever hole appears, and forks split the address space.
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "object.h"

namespace {

// One word in every 512 bytes is enough to see a lost, zeroed or doubled page, and fast enough for a gibibyte.
constexpr std::size_t stride = 512;

void mark(unsigned char* bytes, std::size_t from, std::size_t to) {
  for (std::size_t at = from / stride * stride; at + 8 <= to; at += stride) {
    const std::uint64_t word = stress::word_at(99, at);
    std::memcpy(bytes + at, &word, 8);
  }
}

void check(const unsigned char* bytes, std::size_t size) {
  for (std::size_t at = 0; at + 8 <= size; at += stride) {
    const std::uint64_t word = stress::word_at(99, at);
    stress::require(std::memcmp(bytes + at, &word, 8) == 0, "contents after growth");
  }
}

void fork_and_check(const unsigned char* bytes, std::size_t size) {
  const pid_t process = fork();
  if (process == 0) {
    check(bytes, size);
    stress::deallocate(stress::allocate(300000));
    _exit(0);
  }
  int status = 0;
  stress::require(process > 0 && waitpid(process, &status, 0) == process && status == 0, "a child saw other contents");
}

class Squatter {  // maps pages of its own after each step, and checks that they stay its own
 public:
  void take() {
    void* page = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stress::require(page != MAP_FAILED, "mmap by the program");
    std::memset(page, 0x77, bytes_);
    pages_.push_back(static_cast<unsigned char*>(page));
  }
  ~Squatter() {
    for (unsigned char* page : pages_) {
      for (std::size_t at = 0; at < bytes_; ++at)
        stress::require(page[at] == 0x77, "the program's own mapping was overwritten");
      munmap(page, bytes_);
    }
  }

 private:
  static constexpr std::size_t bytes_ = 16384;
  std::vector<unsigned char*> pages_;
};

void grow(std::size_t top, std::size_t factor_percent, bool with_forks) {
  Squatter squatter;
  std::size_t size = 100;
  auto* bytes = static_cast<unsigned char*>(stress::allocate(size));
  mark(bytes, 0, size);
  while (size < top) {
    const std::size_t next = size * factor_percent / 100 + 1;
    bytes = static_cast<unsigned char*>(stress::reallocate(bytes, next));
    stress::require(bytes != nullptr, "growing below the limit was refused");
    check(bytes, size);
    mark(bytes, size, next);
    size = next;
    squatter.take();
    if (with_forks && size > 100000) fork_and_check(bytes, size);
  }
  while (size > 1000) {  // and back down
    size /= 3;
    bytes = static_cast<unsigned char*>(stress::reallocate(bytes, size));
    check(bytes, size);
    squatter.take();
  }
  stress::deallocate(bytes);
}

// Several objects growing by turns: none can always grow in place.
void grow_by_turns(std::size_t top) {
  struct {
    unsigned char* bytes = nullptr;
    std::size_t size = 0;
  } objects[5];
  for (std::size_t next = 50; next < top; next = next * 13 / 10 + 1) {
    for (auto& object : objects) {
      object.bytes = static_cast<unsigned char*>(stress::reallocate(object.bytes, next));
      stress::require(object.bytes != nullptr, "growing below the limit was refused");
      check(object.bytes, object.size);
      mark(object.bytes, object.size, next);
      object.size = next;
    }
  }
  for (auto& object : objects) stress::deallocate(object.bytes);
}

// True where pages can go back to the system. Locked pages can from Linux 5.18 on (MADV_DONTNEED_LOCKED).
bool pages_go_back() {
  if (!stress::locked()) return true;
  constexpr int discard_locked = 24;
  constexpr std::size_t size = 65536;  // whole pages of every system
  void* pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const bool gone = madvise(pages, size, discard_locked) == 0;
  munmap(pages, size);
  return gone;
}

}  // namespace

int main() {
  stress::begin();
  const bool small = stress::limited() || stress::locked() || stress::sanitized;
  grow((small ? 128 : 1024) * stress::mebibyte, 150, false);
  grow(48 * stress::mebibyte, 130, true);
  grow(4 * stress::mebibyte, 104, false);
  grow_by_turns(16 * stress::mebibyte);
  stress::require(stress::sanitized || !pages_go_back() || stress::resident_bytes() < 200 * stress::mebibyte,
                  "memory did not come back after 1 GiB was freed");
}
