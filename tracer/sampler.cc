// The profiler's side of the table of samples (format/samples.h). It keeps a few of the program's objects, each with
// the stack that made it. The table is shared memory of fixed size, used without a lock. Objects are never moved or
// padded, so the pages that `neap blame` judges are those that the program has without the profiler.
#include "sampler.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "channel_writer.h"
#include "pace.h"
#include "sample_slots.h"
#include "sample_stacks.h"

namespace neap::tracer {

[[gnu::tls_model("initial-exec")]] constinit thread_local std::uint64_t bytes_passed = UINT64_MAX;

namespace {

using namespace samples;

constexpr std::uint64_t kNever = 0;  // for bytes_passed: no thread allocates 2^64 bytes

constinit Table* shared = nullptr;
constinit std::atomic<bool> is_recording{false};

[[gnu::tls_model("initial-exec")]] constinit thread_local std::uint64_t random_state = 0;
[[gnu::tls_model("initial-exec")]] constinit thread_local Pace pace;

double next_uniform() {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return static_cast<double>((random_state >> 11) + 1) * 0x1p-53;
}

// Called at a thread's first allocation, from which its first gap is counted.
void start_thread() {
  random_state =
      (reinterpret_cast<std::uint64_t>(&random_state) ^ Pace::now(CLOCK_MONOTONIC)) * 0xD6E8FEB86659FD93ull | 1;
  for (int i = 0; i < 4; ++i) next_uniform();
  bytes_passed = 0 - pace.gap(next_uniform());
}

void sample(std::uint64_t address, std::uint64_t size) {
  const std::uint64_t begin = Pace::now(CLOCK_MONOTONIC);
  const double weight = 1 / pace.chance(size + kExtra);
  const std::uint32_t place = place_of_this_stack(*shared);
  shared->taken.fetch_add(1, std::memory_order_relaxed);
  if (place == kStacks || !keep_sample(*shared, address, {size, weight, place, 0})) {
    shared->lost.fetch_add(1, std::memory_order_relaxed);
  } else {
    Stack& stack = shared->stack[place];
    stack.objects.fetch_add(static_cast<std::uint64_t>(weight), std::memory_order_relaxed);
    stack.bytes.fetch_add(static_cast<std::uint64_t>(weight * static_cast<double>(size)), std::memory_order_relaxed);
  }
  pace.took(Pace::now(CLOCK_MONOTONIC) - begin);
}

// Opens the file that neap made, if no process owns it yet or this one does, which has called exec. Otherwise makes a
// file for this process.
int open_table() {
  const char* path = getenv(kFileVariable);
  if (path == nullptr) return -1;
  const int file = path[0] == '/' ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file >= 0) {
    std::atomic<std::int32_t> owner{0};
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
  shared = static_cast<Table*>(memory);
  const std::int32_t before = shared->owner_pid.exchange(getpid());
  if (before != 0) madvise(memory, sizeof(Table), MADV_REMOVE);  // the samples are of the image before exec
  shared->mean = kMean;
  shared->extra = kExtra;
  shared->owner_pid = getpid();
  prepare_unwinder();
  shared->magic = kMagic;
  is_recording.store(true, std::memory_order_release);
}

void detach() { is_recording.store(false, std::memory_order_relaxed); }
bool recording() { return is_recording.load(std::memory_order_relaxed); }

void take_sample(const void* object, std::size_t size) {
  if (!recording()) {
    bytes_passed = kNever;
  } else if (random_state == 0) {
    start_thread();
  } else {
    bytes_passed = kNever;  // what the unwinder allocates is not sampled
    if (object != nullptr) sample(reinterpret_cast<std::uint64_t>(object), size);
    bytes_passed = 0 - pace.gap(next_uniform());
  }
}

void forget_if_sampled(const void* object) {
  if (recording()) forget_sample(*shared, reinterpret_cast<std::uint64_t>(object));
}

}  // namespace neap::tracer
