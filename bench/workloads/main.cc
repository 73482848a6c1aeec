// neap-bench: runs one workload under whatever malloc this process was started with.
//   neap-bench NAME [threads=N] [scale=X] [size=N] [seed=N]
// Prints its facts as one JSON object. bench/run starts it; by hand it runs just the same.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "workloads.h"

namespace {

using namespace neap::bench;

struct Workload {
  const char* name;
  void (*run)(Job&);
};

constexpr Workload workloads[] = {
    {"pairs", pairs},
    {"pairs-mixed", pairs_mixed},
    {"larson", larson},
    {"aligned", aligned},
    {"batches-lifo", batches_lifo},
    {"batches-fifo", batches_fifo},
    {"batches-random", batches_random},
    {"xmalloc", xmalloc},
    {"thrash", thrash},
    {"scratch", scratch},
    {"interpreter", interpreter},
    {"large", large},
    {"buffer", buffer},
    {"replace-1k", replace_1k},
    {"replace-100k", replace_100k},
    {"replace-1m", replace_1m},
    {"resizes", resizes},
    {"zeroed", zeroed},
    {"blocks", blocks_replaced},
    {"phases-small", phases_small},
    {"phases", phases},
    {"phases-wide", phases_wide},
    {"pipeline", pipeline},
    {"pools", pools},
    {"vectors", vectors},
    {"images", images},
    {"growth", growth},
    {"idle-threads", idle_threads},
    {"idle-processes", idle_processes},
    {"bursts", bursts},
    {"bursts-scattered", bursts_scattered},
    {"latency", latency},
    {"scale", scale},
    {"heap", heap},
};

[[noreturn]] void refuse(const char* what, const char* word) {
  std::fprintf(stderr,
               "neap-bench: %s '%s'\nusage: neap-bench NAME [threads=N] [scale=X] [size=N] [seed=N]\nworkloads:", what,
               word);
  for (const Workload& workload : workloads) std::fprintf(stderr, " %s", workload.name);
  std::fprintf(stderr, "\n");
  std::exit(2);
}

const Workload& find(const char* name) {
  for (const Workload& workload : workloads)
    if (std::strcmp(workload.name, name) == 0) return workload;
  refuse("no workload", name);
}

void set(Job& job, const char* word) {
  const char* const value = std::strchr(word, '=');
  char* end = nullptr;
  const double number = value == nullptr ? 0 : std::strtod(value + 1, &end);
  if (value == nullptr || *end != 0 || end == value + 1 || !(number > 0 && number <= 1e9)) refuse("cannot read", word);
  const auto is = [&](const char* key) { return std::strncmp(word, key, static_cast<std::size_t>(value - word)) == 0; };
  if (is("threads") && number <= 1024)
    job.threads = static_cast<unsigned>(number);
  else if (is("scale"))
    job.scale = number;
  else if (is("size"))
    job.size = static_cast<std::size_t>(number);
  else if (is("seed"))
    job.seed = static_cast<std::uint64_t>(number);
  else
    refuse("cannot read", word);
}

// The gauge's sheet, or a private one.
Sheet& open_sheet() {
  const char* const path = std::getenv(sheet_variable);
  const int file = path == nullptr ? -1 : ::open(path, O_RDWR | O_CLOEXEC);
  if (path != nullptr && file < 0) refuse("cannot open the sheet", path);
  const int flags = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  void* const memory = ::mmap(nullptr, sizeof(Sheet), PROT_READ | PROT_WRITE, flags, file, 0);
  if (memory == MAP_FAILED) refuse("cannot map the sheet", path == nullptr ? "" : path);
  if (file >= 0) ::close(file);
  return *static_cast<Sheet*>(memory);
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) refuse("name a workload, not", "");
  const Workload& workload = find(words[1]);
  Job job{open_sheet()};
  for (int i = 2; i < count; ++i) set(job, words[i]);
  workload.run(job);
  job.sheet.stage.store(Stage::done);
  job.facts.print();
}
