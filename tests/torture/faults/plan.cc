// Which call is refused, and how often each was made.
#include "plan.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace refuse {
namespace {

constinit std::array<std::atomic<std::uint64_t>, call_kinds> counts;
constinit std::atomic<bool> ended{false};

int index_in(const char* const* names, int count, const char* name) {
  for (int i = 0; i < count; ++i) {
    if (std::strcmp(names[i], name) == 0) return i;
  }
  return -1;
}

Plan read_plan() {
  Plan plan;
  char call[32], way[16];
  const char* text = environ != nullptr ? std::getenv(plan_variable) : nullptr;
  if (text == nullptr || std::sscanf(text, "%31s %15s %lu", call, way, &plan.n) != 3) return plan;
  plan.call = index_in(call_names, call_kinds, call);
  plan.way = index_in(way_names, 4, way);
  return plan;
}

}  // namespace

const Plan& plan() {
  static constinit std::atomic<bool> known{false};
  static constinit Plan read;
  if (!known.load(std::memory_order_acquire) && environ != nullptr) {  // the first call comes before the first thread
    read = read_plan();
    known.store(true, std::memory_order_release);
  }
  return read;
}

bool lasts_for_ever() {
  return plan().way == for_ever && plan().call >= 0 && may_refuse(static_cast<Call>(plan().call));
}

int refused(Call call) {
  const std::uint64_t number = ++counts[call];
  const Plan& now = plan();
  if (now.call != call || ended.load(std::memory_order_relaxed)) return 0;
  const bool hit = now.way == once    ? number == now.n
                   : now.way == every ? number % now.n == 0
                   : now.way == from  ? number >= now.n
                                      : false;
  constexpr int errors[] = {ENOMEM, EPERM, EINVAL, EAGAIN};
  return hit ? errors[now.n % 4] : 0;
}

std::size_t half_of(std::size_t size) {
  const std::size_t page = page_size();
  return size / 2 / page * page;
}

std::size_t page_size() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

bool end() {
  ended = true;
  return !lasts_for_ever();
}

std::uint64_t calls(Call call) { return counts[call]; }

}  // namespace refuse
