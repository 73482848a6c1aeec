// The library's start and end, and the only file that reads the environment. malloc works before this has run and after
// it has ended: nothing of the heap needs a constructor.
#include "api/start.h"

#include <stdlib.h>
#include <sys/auxv.h>

#include <cstring>

#include "api/exempt.h"
#include "api/fast.h"
#include "api/fork.h"
#include "api/telemetry.h"
#include "base/options.h"

constinit neap::PageMap neap::page_map;
constinit neap::Heap neap::heap{neap::page_map, ::neap_telemetry};
constinit neap::Hardened neap::hardened{neap::heap};

// Where the kernel put what a program starts with: how many arguments, those, a null, and the environment. glibc's;
// absent in static programs, which have their environment before the first call.
extern "C" [[gnu::weak]] void* __libc_stack_end;

namespace {

void complain(const neap::Line& sentence) {
  neap::Line line;
  line.text("libneap: ").text(sentence.data(), sentence.size()).text("\n");
  neap::os::print(line.data(), line.size());
}

constinit bool environment_read = false;

const char* const* environment() {
  if (environ != nullptr || &__libc_stack_end == nullptr) return environ;
  const char* const* const start = static_cast<const char* const*>(__libc_stack_end);
  return start + 1 + *reinterpret_cast<const long*>(start) + 1;
}

const char* variable(const char* name) {
  if (getauxval(AT_SECURE) != 0) return nullptr;
  const std::size_t length = std::strlen(name);
  for (const char* const* at = environment(); at != nullptr && *at != nullptr; ++at) {
    if (std::strncmp(*at, name, length) == 0 && (*at)[length] == '=') return *at + length + 1;
  }
  return nullptr;
}

// 101: before the constructors of programs and of most libraries.
[[gnu::constructor(101)]] void start() {
  neap::read_environment();
  neap::follow_forks();
  neap::heap.begin();
}

[[gnu::destructor(101)]] void end() {
  if (neap::heap.options.stats == 0) return;
  neap::heap.publish();
  neap::print_stats(neap_telemetry);
}

}  // namespace

void neap::read_environment() {
  if (environment_read || environ == nullptr) return;
  environment_read = true;
  exempt_if_named(variable("LD_PRELOAD"));
}

void neap::read_options() {
  if (const char* text = variable("NEAP_OPTIONS")) {
    parse_options(text, heap.options, complain);
    heap.look_at_limit();
  }
  if (!is_hardened(heap.options)) return;
  if (!hardened.open()) {
    constexpr char kLine[] = "libneap: NEAP_OPTIONS: no memory for what a hardened heap needs to begin\n";
    os::print(kLine, sizeof kLine - 1);
    os::abort();
  }
  server = Server::ours_hardened;
}
