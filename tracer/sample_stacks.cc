#include "sample_stacks.h"

#include <link.h>
#include <string.h>
#include <unistd.h>

#define UNW_LOCAL_ONLY
#include <libunwind.h>

extern "C" [[gnu::visibility("hidden")]] const char __ehdr_start, _end;

namespace neap::tracer {
namespace {

using namespace samples;

constexpr std::size_t kTries = 64;

bool is_own(std::uint64_t pc) {
  return pc >= reinterpret_cast<std::uint64_t>(&__ehdr_start) && pc < reinterpret_cast<std::uint64_t>(&_end);
}

// Return addresses, innermost first, without our own.
std::size_t unwind(std::uint64_t* frames) {
  void* raw[kDepth + 8];
  const int count = unw_backtrace(raw, static_cast<int>(kDepth + 8));
  std::size_t kept = 0;
  for (int i = 0; i < count && kept < kDepth; ++i) {
    const auto pc = reinterpret_cast<std::uint64_t>(raw[i]);
    if (pc != 0 && (kept > 0 || !is_own(pc))) frames[kept++] = pc;
  }
  return kept;
}

struct Wanted {
  samples::Table& table;
  std::uint64_t pc;
};

int add_module(dl_phdr_info* info, std::size_t, void* given) {
  const Wanted& wanted = *static_cast<const Wanted*>(given);
  std::uint64_t start = UINT64_MAX, end = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const std::uint64_t from = info->dlpi_addr + segment.p_vaddr, to = from + segment.p_memsz;
    if (from < start) start = from;
    if (to > end) end = to;
  }
  if (wanted.pc < start || wanted.pc >= end) return 0;
  const std::uint32_t index = wanted.table.modules.fetch_add(1);
  if (index >= kModules) return 1;
  Module& module = wanted.table.module[index];
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

void know_modules_of(samples::Table& table, const std::uint64_t* frames, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    bool known = false;
    const std::uint32_t modules = table.modules.load();
    for (std::uint32_t m = 0; m < modules && m < kModules && !known; ++m) {
      const std::uint64_t start = table.module[m].start.load(std::memory_order_acquire);
      known = start != 0 && frames[i] >= start && frames[i] < table.module[m].end;
    }
    Wanted wanted{table, frames[i]};
    if (!known) dl_iterate_phdr(add_module, &wanted);
  }
}

}  // namespace

void prepare_unwinder() {
  std::uint64_t frames[kDepth];
  unwind(frames);
}

std::uint32_t place_of_this_stack(samples::Table& table) {
  std::uint64_t frames[kDepth];
  const std::size_t count = unwind(frames);
  std::uint64_t hash = 1469598103934665603ull;
  for (std::size_t i = 0; i < count; ++i) hash = (hash ^ frames[i]) * 1099511628211ull, hash ^= hash >> 29;
  if (hash == 0) hash = 1;
  for (std::size_t step = 0, at = hash & (kStacks - 1); step < kTries; ++step, at = (at + 1) & (kStacks - 1)) {
    Stack& stack = table.stack[at];
    std::uint64_t there = stack.hash.load(std::memory_order_relaxed);
    if (there == 0 && stack.hash.compare_exchange_strong(there, hash)) {
      know_modules_of(table, frames, count);
      memcpy(stack.frames, frames, count * sizeof *frames);
      stack.depth.store(static_cast<std::uint32_t>(count), std::memory_order_release);
      return static_cast<std::uint32_t>(at);
    }
    if (there == hash) return static_cast<std::uint32_t>(at);
  }
  return kStacks;
}

}  // namespace neap::tracer
