// The profiler's end of the table of samples: the same note() around every call of the allocator as the tracer
// has, but it keeps a sampled few, with the stack that made them. No lock, no system call; the table is shared memory
// of fixed size. Objects are never moved or padded: the pages that are judged later are those of the program as it is.
#include <fcntl.h>
#include <link.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include "channel_writer.h"
#include "format/samples.h"

extern "C" [[gnu::visibility("hidden")]] const char __ehdr_start, _end;

namespace neap::tracer {
namespace {

using namespace samples;
using trace::Act;

constexpr size_t kFilter =
    size_t{1} << 20;  // counters of samples by a hash of their address: most frees look no further
constexpr size_t kProbes = 64;

constinit Table* table = nullptr;
constinit std::atomic<bool> is_recording{false};
std::atomic<uint8_t> filter[kFilter];

[[gnu::tls_model("initial-exec")]] constinit thread_local int64_t bytes_to_next = 0;
[[gnu::tls_model("initial-exec")]] constinit thread_local uint64_t random_state = 0;

uint64_t hash_of(uint64_t address) { return (address >> 4) * 0x9E3779B97F4A7C15ull; }
std::atomic<uint8_t>& filter_of(uint64_t address) { return filter[hash_of(address) >> 44]; }
size_t first_slot(uint64_t address) { return hash_of(address) >> 20 & (kSlots - 1); }

uint64_t next_random() {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

int64_t next_gap() {
  const double uniform = static_cast<double>((next_random() >> 11) + 1) * 0x1p-53;
  return static_cast<int64_t>(-log(uniform) * static_cast<double>(table->mean)) + 1;
}

// A thread's first gap begins at its first call.
void start_thread() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  random_state =
      (reinterpret_cast<uint64_t>(&random_state) ^ static_cast<uint64_t>(now.tv_nsec)) * 0xD6E8FEB86659FD93ull | 1;
  for (int i = 0; i < 4; ++i) next_random();
  bytes_to_next = next_gap();
}

bool is_own(uint64_t pc) {
  return pc >= reinterpret_cast<uint64_t>(&__ehdr_start) && pc < reinterpret_cast<uint64_t>(&_end);
}

// Return addresses, innermost first, without our own.
size_t unwind(uint64_t* frames) {
  void* raw[kDepth + 8];
  const int count = unw_backtrace(raw, static_cast<int>(kDepth + 8));
  size_t kept = 0;
  for (int i = 0; i < count && kept < kDepth; ++i) {
    const auto pc = reinterpret_cast<uint64_t>(raw[i]);
    if (pc != 0 && (kept > 0 || !is_own(pc))) frames[kept++] = pc;
  }
  return kept;
}

int add_module(dl_phdr_info* info, size_t, void* pc) {
  uint64_t start = UINT64_MAX, end = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const uint64_t from = info->dlpi_addr + segment.p_vaddr, to = from + segment.p_memsz;
    if (from < start) start = from;
    if (to > end) end = to;
  }
  const uint64_t wanted = *static_cast<const uint64_t*>(pc);
  if (wanted < start || wanted >= end) return 0;
  const uint32_t index = table->modules.fetch_add(1);
  if (index >= kModules) return 1;
  Module& module = table->module[index];
  module.end = end;
  module.bias = info->dlpi_addr;
  if (info->dlpi_name[0] != '\0') {
    strncpy(module.path, info->dlpi_name, kPath - 1);
  } else if (readlink("/proc/self/exe", module.path, kPath - 1) < 0) {
    module.path[0] = '\0';
  }
  module.start.store(start, std::memory_order_release);
  return 1;
}

// So that names can be found when the program is gone.
void know_modules_of(const uint64_t* frames, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    bool known = false;
    const uint32_t modules = table->modules.load();
    for (uint32_t m = 0; m < modules && m < kModules && !known; ++m) {
      const uint64_t start = table->module[m].start.load(std::memory_order_acquire);
      known = start != 0 && frames[i] >= start && frames[i] < table->module[m].end;
    }
    uint64_t pc = frames[i];
    if (!known) dl_iterate_phdr(add_module, &pc);
  }
}

// The stack's place in the table, which is its name; kStacks when there is no room.
uint32_t place_of(const uint64_t* frames, size_t count) {
  uint64_t hash = 1469598103934665603ull;
  for (size_t i = 0; i < count; ++i) hash = (hash ^ frames[i]) * 1099511628211ull, hash ^= hash >> 29;
  if (hash == 0) hash = 1;
  for (size_t step = 0, at = hash & (kStacks - 1); step < kProbes; ++step, at = (at + 1) & (kStacks - 1)) {
    Stack& stack = table->stack[at];
    uint64_t there = stack.hash.load(std::memory_order_relaxed);
    if (there == 0 && stack.hash.compare_exchange_strong(there, hash)) {
      know_modules_of(frames, count);
      memcpy(stack.frames, frames, count * sizeof *frames);
      stack.depth.store(static_cast<uint32_t>(count), std::memory_order_release);
      return static_cast<uint32_t>(at);
    }
    if (there == hash) return static_cast<uint32_t>(at);
  }
  return kStacks;
}

bool put(uint64_t address, uint64_t size, double weight, uint32_t stack) {
  for (size_t step = 0, at = first_slot(address); step < kProbes; ++step, at = (at + 1) & (kSlots - 1)) {
    Slot& slot = table->slot[at];
    uint64_t free = 0;
    if (!slot.address.compare_exchange_strong(free, 1)) continue;
    slot.size = size;
    slot.weight = weight;
    slot.stack = stack;
    slot.address.store(address, std::memory_order_release);
    return true;
  }
  return false;
}

[[gnu::noinline]] void sample(uint64_t address, uint64_t size) {
  if (random_state == 0) return start_thread();
  bytes_to_next = next_gap();
  uint64_t frames[kDepth];
  const size_t count = unwind(frames);
  const double share = static_cast<double>(size + table->extra) / static_cast<double>(table->mean);
  const double weight = 1 / (1 - exp(-share));
  const uint32_t stack = place_of(frames, count);
  table->taken.fetch_add(1, std::memory_order_relaxed);
  if (stack == kStacks || !put(address, size, weight, stack)) {
    table->lost.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  table->stack[stack].objects.fetch_add(static_cast<uint64_t>(weight), std::memory_order_relaxed);
  table->stack[stack].bytes.fetch_add(static_cast<uint64_t>(weight * static_cast<double>(size)),
                                      std::memory_order_relaxed);
  // At 255 it stays: then frees of that hash always look.
  if (filter_of(address).load(std::memory_order_relaxed) != UINT8_MAX)
    filter_of(address).fetch_add(1, std::memory_order_relaxed);
}

// The search does not stop at free slots: others before it may have gone.
[[gnu::noinline]] void forget(uint64_t address) {
  for (size_t step = 0, at = first_slot(address); step < kProbes; ++step, at = (at + 1) & (kSlots - 1)) {
    if (table->slot[at].address.load(std::memory_order_relaxed) != address) continue;
    table->slot[at].address.store(0, std::memory_order_release);
    if (filter_of(address).load(std::memory_order_relaxed) != UINT8_MAX)
      filter_of(address).fetch_sub(1, std::memory_order_relaxed);
    return;
  }
}

// The file of neap if it is nobody's yet or this process's own (which has called exec), else one of our own.
int open_table() {
  const char* path = getenv(kFileVariable);
  if (path == nullptr) return -1;
  const int file = path[0] == '/' ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file >= 0) {
    std::atomic<int32_t> owner{0};
    const off_t at = offsetof(Table, owner_pid);
    if (pread(file, &owner, sizeof owner, at) == sizeof owner && (owner == 0 || owner == getpid())) return file;
    close(file);
  }
  const int own = memfd_create(kMapName, MFD_CLOEXEC);
  if (own >= 0 && ftruncate(own, sizeof(Table)) == 0) return own;
  if (own >= 0) close(own);
  return -1;
}

}  // namespace

void attach() {
  const int file = open_table();
  if (file < 0) return;
  void* memory = mmap(nullptr, sizeof(Table), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
  close(file);
  if (memory == MAP_FAILED) return;
  table = static_cast<Table*>(memory);
  const int32_t before = table->owner_pid.exchange(getpid());
  if (before != 0) madvise(memory, sizeof(Table), MADV_REMOVE);  // of the image before exec
  table->mean = kMean;
  table->extra = kExtra;
  table->owner_pid = getpid();
  uint64_t frames[kDepth];
  unwind(frames);  // what it prepares for itself is prepared now
  table->magic = kMagic;
  is_recording.store(true, std::memory_order_release);
}

void detach() { is_recording.store(false, std::memory_order_relaxed); }
bool recording() { return is_recording.load(std::memory_order_relaxed); }

void note(Act act, const void* object, uint64_t size, unsigned) {
  const auto address = reinterpret_cast<uint64_t>(object);
  if (act == Act::release || act == Act::resize_begin) {
    if (filter_of(address).load(std::memory_order_relaxed) != 0) [[unlikely]]
      forget(address);
    return;
  }
  if (object == nullptr) return;
  bytes_to_next -= static_cast<int64_t>(size + kExtra);
  if (bytes_to_next <= 0) [[unlikely]]
    sample(address, size);
}

}  // namespace neap::tracer
