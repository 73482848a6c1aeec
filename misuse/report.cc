#include "misuse/report.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "format/misuse_text.h"
#include "misuse/memory.h"

namespace neap::misuse {
namespace {

constinit Log* shared = nullptr;
constinit bool is_read_by_neap = false;
char own_path[kPath];  // of the program, read at its start: a sandbox may forbid it later

Log* map_file(const char* path) {
  const int file = path[0] == '/' ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return nullptr;
  void* const memory = mmap(nullptr, sizeof(Log), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
  close(file);
  if (memory == MAP_FAILED) return nullptr;
  if (static_cast<Log*>(memory)->magic == kMagic) return static_cast<Log*>(memory);
  munmap(memory, sizeof(Log));
  return nullptr;
}

std::uint32_t number_of_module(const char* path) {
  const std::uint32_t known = shared->modules.load();
  for (std::uint32_t i = 0; i < known && i < kModules; ++i) {
    if (shared->module[i].ready.load(std::memory_order_acquire) != 0 && strcmp(shared->module[i].path, path) == 0)
      return i;
  }
  const std::uint32_t fresh = shared->modules.fetch_add(1);
  if (fresh >= kModules) return kModules;
  strncpy(shared->module[fresh].path, path, kPath);
  shared->module[fresh].ready.store(1, std::memory_order_release);
  return fresh;
}

int find_module(dl_phdr_info* info, std::size_t, void* given) {
  Frame& frame = *static_cast<Frame*>(given);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || frame.pc - (info->dlpi_addr + segment.p_vaddr) >= segment.p_memsz) continue;
    const char* const path = info->dlpi_name[0] == '\0' ? own_path : info->dlpi_name;
    frame.offset = frame.pc - info->dlpi_addr;
    frame.module = number_of_module(path);
    return 1;
  }
  return 0;
}

void copy(std::span<const std::uint64_t> pc, Stack& stack) {
  stack.depth = static_cast<std::uint32_t>(pc.size());
  for (std::size_t i = 0; i < pc.size(); ++i) {
    stack.frame[i] = {pc[i], pc[i], kModules, 0};
    dl_iterate_phdr(find_module, &stack.frame[i]);
  }
}

void copy(const Known& known, bool still_lives, Object& object) {
  if (known.begin == 0) return;
  object.begin = known.begin;
  object.size = known.size;
  object.made_by = static_cast<std::uint32_t>(known.made_by);
  object.made_in = known.made_in;
  copy(stack_of(known.made), object.made);
  if (known.is_live() || still_lives) return;
  object.ended_by = static_cast<std::uint32_t>(known.ended_by);
  object.ended_in = known.ended_in;
  copy(stack_of(known.ended), object.ended);
}

// Writes as it goes, from a buffer of its own.
class Stderr {
 public:
  Stderr() = default;
  Stderr(const Stderr&) = delete;
  Stderr& operator=(const Stderr&) = delete;
  ~Stderr() { flush(); }
  void text(const char* text) {
    for (; *text != '\0'; ++text) put(*text);
  }
  void number(std::uint64_t value) { digits(value, 10); }
  void hex(std::uint64_t value) { digits(value, 16); }
  void frame(std::size_t index, const Frame& frame) {
    text("    #"), number(index), text(" 0x"), hex(frame.pc);
    Dl_info info{};
    if (dladdr(reinterpret_cast<void*>(frame.pc - 1), &info) != 0 && info.dli_sname != nullptr)
      text(" in "), text(info.dli_sname);
    if (frame.module < kModules) {
      text(" ("), text(shared->module[frame.module].path), text("+0x"), hex(frame.offset), text(")");
    }
    text("\n");
  }

 private:
  void put(char letter) {
    buffer_[used_++] = letter;
    if (letter == '\n' || used_ == sizeof buffer_) flush();
  }
  void digits(std::uint64_t value, unsigned base) {
    char reversed[20];
    int count = 0;
    do {
      reversed[count++] = "0123456789abcdef"[value % base];
      value /= base;
    } while (value != 0);
    while (count > 0) put(reversed[--count]);
  }
  void flush() {
    if (used_ > 0 && write(STDERR_FILENO, buffer_, used_) < 0) used_ = 0;
    used_ = 0;
  }

  char buffer_[512];
  std::size_t used_ = 0;
};

void fill(const Finding& finding, std::span<const std::uint64_t> here, Report& report) {
  report.kind = finding.kind;
  report.pid = getpid();
  report.thread = thread_number();
  report.access = finding.access;
  report.is_least = finding.is_least;
  report.address = finding.address;
  report.bytes = finding.bytes;
  report.leaked_bytes = finding.leaked_bytes;
  report.leaked_objects = finding.leaked_objects;
  report.is_indirect = finding.is_indirect;
  strncpy(report.call, finding.call, sizeof report.call - 1);
  copy(here, report.here);
  copy(finding.object, finding.ends_with_call, report.object);
  copy(finding.beside, false, report.beside);
}

}  // namespace

bool open_log() {
  const char* const path = getenv(kLogVariable);
  if (path != nullptr) shared = map_file(path);
  is_read_by_neap = shared != nullptr;
  if (shared == nullptr) shared = static_cast<Log*>(take_memory(sizeof(Log)));
  if (shared == nullptr) return false;
  if (readlink("/proc/self/exe", own_path, sizeof own_path - 1) < 0) own_path[0] = '\0';
  shared->processes.fetch_add(1);
  return true;
}

void note_unsearched() { shared->unsearched.fetch_add(1); }

std::uint32_t thread_number() {
  static std::atomic<std::uint32_t> threads{0};
  [[gnu::tls_model("initial-exec")]] static thread_local std::uint32_t own = 0;
  if (own == 0) own = threads.fetch_add(1, std::memory_order_relaxed) + 1;
  return own - 1;
}

namespace {

constexpr int kMaxWaitMs = 1000;  // after a fork the thread that has the turn may be the parent's
constinit std::atomic<void*> reporter{nullptr};

bool take_turn(void* self) {
  const timespec pause{0, 1'000'000};
  for (int i = 0; i < kMaxWaitMs; ++i, nanosleep(&pause, nullptr)) {
    void* other = nullptr;
    if (reporter.compare_exchange_strong(other, self)) return true;
    if (other == self) return false;
  }
  reporter = self;
  return true;
}

}  // namespace

Turn::Turn() : is_taken_(take_turn(__builtin_thread_pointer())) {}
Turn::~Turn() {
  if (is_taken_) reporter = nullptr;
}

void report(const Finding& finding, std::span<const std::uint64_t> here) {
  const int before = errno;
  const std::uint32_t place = shared->reports.fetch_add(1);
  if (place < kReports) {
    Report& fresh = shared->report[place];
    fill(finding, here, fresh);
    fresh.ready.store(1, std::memory_order_release);
    if (!is_read_by_neap) {
      Stderr out;
      write_report(fresh, out);
    }
  }
  errno = before;
}

}  // namespace neap::misuse
