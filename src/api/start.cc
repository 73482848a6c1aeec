// The library's start and end, and fork. The only file that reads the environment. malloc works before this ran and
// after it ended: nothing of the heap needs a constructor.
#include "api/start.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/auxv.h>

#include "api/exempt.h"
#include "api/fast.h"
#include "api/telemetry.h"
#include "base/options.h"

// glibc takes its list of streams after our prepare handler ran; a thread in fflush(NULL) that holds it and allocates
// would then wait for us while we wait for it. So it is taken first here. Absent in other C libraries.
extern "C" {
[[gnu::weak]] void _IO_list_lock();
[[gnu::weak]] void _IO_list_unlock();
[[gnu::weak]] void _IO_list_resetlock();
}

constinit neap::PageMap neap::page_map;
constinit neap::Heap neap::heap{neap::page_map, ::neap_telemetry};

namespace {

void before_fork() {
  if (_IO_list_lock != nullptr) _IO_list_lock();
  neap::heap.before_fork();
}

void after_fork_in_parent() {
  neap::heap.after_fork_in_parent();
  if (_IO_list_unlock != nullptr) _IO_list_unlock();
}

void after_fork_in_child() {
  neap::heap.after_fork_in_child(neap::opened_cache());
  if (_IO_list_resetlock != nullptr) _IO_list_resetlock();
}

void complain(const neap::Line& sentence) {
  neap::Line line;
  line.text("libneap: ").text(sentence.data(), sentence.size()).text("\n");
  neap::os::print(line.data(), line.size());
}

constinit bool environment_read = false;

const char* variable(const char* name) { return getauxval(AT_SECURE) != 0 ? nullptr : getenv(name); }

// 101: before the constructors of programs and of most libraries.
[[gnu::constructor(101)]] void start() {
  neap::read_environment();
  pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
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
  if (const char* text = variable("NEAP_OPTIONS")) {
    parse_options(text, heap.options, complain);
    if (ThreadCache* cache = opened_cache()) heap.renew_cache(*cache);
  }
  exempt_if_named(variable("LD_PRELOAD"));
}
