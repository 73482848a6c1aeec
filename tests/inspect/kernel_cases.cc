// kernel_cases CASE: what the kernel keeps from a reader. Exit code 77 where it does not.
//
//   swapped  half of a heap lies in swap: it stays there, the other half is read as ever. Wants swap
//   faked    the same, of a reader that is told so of half of a heap that is resident
//   yama     each setting of kernel.yama.ptrace_scope is named in one line. Only in a guest: 3 stays until the boot
#include <grp.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <string>

#include "tool/fill/readers.h"
#include "tool/inspect/live_process.h"

namespace {

using namespace neap;

constexpr int skipped = 77;
constexpr uid_t nobody = 65534;

void expect(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "kernel_cases: %s\n", what.c_str());
  std::exit(1);
}

std::string file(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::uint64_t number_after(const std::string& text, const std::string& word) {
  const std::size_t at = text.find(word);
  return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + word.size(), nullptr, 10);
}

// A child that runs `start` and then waits until this process lets go of it. `told` is what it said.
class Child {
 public:
  template <class Told>
  Child(Told& told, const std::function<void(Told&)>& start) {
    int said[2];
    expect(pipe(said) == 0 && pipe(hold_) == 0, "no pipe");
    pid_ = fork();
    if (pid_ == 0) {
      close(hold_[1]);
      start(told);
      char over = 0;
      if (write(said[1], &told, sizeof told) == sizeof told && read(hold_[0], &over, 1) >= 0) _exit(0);
      _exit(1);
    }
    close(hold_[0]), close(said[1]);
    expect(read(said[0], &told, sizeof told) == sizeof told, "the child ended");
    close(said[0]);
  }
  ~Child() {
    close(hold_[1]);
    waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }
  std::string status() const { return file("/proc/" + std::to_string(pid_) + "/status"); }
  // Faults, resident and swapped pages: what would change if a page were brought in.
  std::string state() const {
    std::istringstream stat(file("/proc/" + std::to_string(pid_) + "/stat"));
    std::string word, state;
    for (int field = 1; stat >> word; ++field)
      if (field >= 10 && field <= 13) state += word + " ";
    return state + std::to_string(number_after(status(), "VmRSS:")) + " " + std::to_string(swapped());
  }
  std::uint64_t swapped() const { return number_after(status(), "VmSwap:") << 10; }

 private:
  pid_t pid_ = 0;
  int hold_[2];
};

struct Heap {
  std::uint64_t start, half, end;  // pages from `start` to `half` are to be out
  std::uint64_t live_behind;       // bytes of objects from `half` on
};

void fill_heap(Heap& heap) {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  heap.start = (reinterpret_cast<std::uint64_t>(sbrk(0)) / page + 64) * page;
  heap.half = heap.start + (std::uint64_t{24} << 20);
  unsigned seed = 1;
  while (reinterpret_cast<std::uint64_t>(sbrk(0)) < heap.half + (std::uint64_t{24} << 20)) {
    seed = seed * 1103515245 + 12345;
    const std::size_t size = 1 + (seed >> 8) % 3000;
    void* const object = malloc(size);
    expect(object != nullptr, "no memory");
    std::memset(object, 1, size);
    if (seed >> 8 & 1)
      free(object);
    else if (reinterpret_cast<std::uint64_t>(object) >= heap.half)
      heap.live_behind += malloc_usable_size(object) + 8;
  }
  heap.end = reinterpret_cast<std::uint64_t>(sbrk(0));
}

// What was read of a heap whose first half is out. Objects around the border may be passed over.
void check(AddressSpace& space, const Heap& heap, std::uint64_t out) {
  const std::vector<HeapFill> heaps = read_heaps(space);
  expect(heaps.size() == 1 && heaps[0].allocator == "glibc", "no heap of glibc was found");
  const HeapFill& fill = heaps[0];
  const FillSums sums = sum_of(fill, space.page_size());
  constexpr std::uint64_t border = 128 << 10;
  std::printf("%llu of %llu bytes live behind, %llu passed over, %llu swapped\n",
              static_cast<unsigned long long>(fill.live.bytes), static_cast<unsigned long long>(heap.live_behind),
              static_cast<unsigned long long>(fill.doubt.unread), static_cast<unsigned long long>(sums.swapped));
  expect(fill.live.bytes + border > heap.live_behind && fill.live.bytes < heap.live_behind + (2 << 20),
         "other live objects than those behind what is out");
  expect(fill.doubt.unread + border > out && fill.doubt.lost == 0, "what is out was not told");
  expect(sums.swapped + border > out, "swapped pages were not counted");
  std::uint64_t word = 1;
  expect(space.read_word(heap.start + (std::uint64_t{1} << 20), word) && word == 0, "a page that is out has contents");
}

int swapped() {
  if (number_after(file("/proc/meminfo"), "SwapTotal:") == 0) {
    std::puts("skipped: no swap here");
    return skipped;
  }
  Heap heap{};
  Child child(heap, std::function([](Heap& made) {
                fill_heap(made);
                for (int i = 0;
                     i < 100 && number_after(file("/proc/self/status"), "VmSwap:") << 10 < made.half - made.start; ++i)
                  madvise(reinterpret_cast<void*>(made.start), made.half - made.start, MADV_PAGEOUT);
              }));
  expect(child.swapped() >= heap.half - heap.start, "the kernel swapped too little");
  const std::string before = child.state();
  LiveProcess live(child.pid());
  check(live, heap, heap.half - heap.start);
  expect(child.state() == before, "it changed: " + before + " -> " + child.state());
  return 0;
}

// A process of which a part is said to be in swap.
class Faked : public AddressSpace {
 public:
  Faked(AddressSpace& real, std::uint64_t from, std::uint64_t to) : real_(real), from_(from), to_(to) {
    mappings_ = real.mappings();
    page_size_ = real.page_size();
    still_ = real.is_still();
  }
  bool read(std::uint64_t address, void* to, std::size_t size) override {
    if (!real_.read(address, to, size)) return false;
    const std::uint64_t begin = std::max(address, from_), end = std::min(address + size, to_);
    if (begin < end) std::memset(static_cast<char*>(to) + (begin - address), 0, end - begin);
    return true;
  }
  void read_pages(std::uint64_t first, std::span<std::uint8_t> states) override {
    real_.read_pages(first, states);
    for (std::uint8_t& state : states) {
      if (first >= from_ && first < to_) state = page_swapped;
      first += page_size_;
    }
  }

 private:
  AddressSpace& real_;
  std::uint64_t from_, to_;
};

int faked() {
  Heap heap{};
  Child child(heap, std::function(fill_heap));
  LiveProcess live(child.pid());
  Faked space(live, heap.start, heap.half);
  check(space, heap, heap.half - heap.start);
  return 0;
}

// What a looker of that user is told; empty when it may read.
std::string told_to(uid_t user, pid_t target) {
  char told[512] = "";
  int said[2];
  expect(pipe(said) == 0, "no pipe");
  if (const pid_t looker = fork(); looker == 0) {
    expect(user == 0 || (setgroups(0, nullptr) == 0 && setuid(user) == 0), "not that user");
    std::string text;
    try {
      LiveProcess live(target);
      if (read_heaps(live).empty()) text = "no heap";
    } catch (const std::exception& failure) {
      text = failure.what();
    }
    _exit(write(said[1], text.c_str(), text.size() + 1) < 0);
  }
  close(said[1]);
  expect(read(said[0], told, sizeof told - 1) > 0, "the looker ended");
  close(said[0]);
  wait(nullptr);
  return told;
}

int yama() {
  const std::string setting = "/proc/sys/kernel/yama/ptrace_scope";
  char host[16] = "";
  if (gethostname(host, sizeof host - 1) != 0 || std::strcmp(host, "guest") != 0 ||
      access(setting.c_str(), W_OK) != 0) {
    std::puts("skipped: no guest with yama");
    return skipped;
  }
  Heap heap{};
  Child target(heap, std::function([](Heap& made) {
                 fill_heap(made);
                 expect(setgroups(0, nullptr) == 0 && setuid(nobody) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0,
                        "no nobody");
               }));
  for (int scope = 0; scope <= 3; ++scope) {
    std::ofstream(setting) << scope << std::flush;
    expect(file(setting) == std::to_string(scope) + "\n", "the setting stays");
    const std::string own = told_to(nobody, target.pid()), root = told_to(0, target.pid());
    std::printf("%d\n  nobody: %s\n  root: %s\n", scope, own.c_str(), root.c_str());
    const std::string named = "kernel.yama.ptrace_scope=" + std::to_string(scope);
    expect(scope == 0 ? own.empty() : own.find(named) != std::string::npos, "not said to its own user");
    expect(scope < 3 ? root.empty() : root.find(named) != std::string::npos, "not said to root");
  }
  return 0;
}

}  // namespace

int main(int count, char** values) {
  const std::string name = count == 2 ? values[1] : "";
  if (name == "swapped") return swapped();
  if (name == "faked") return faked();
  if (name == "yama") return yama();
  return 2;
}
