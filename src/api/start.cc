// The library's start and end, and the only file that reads the environment. malloc works before this has run and after
// it has ended: nothing of the heap needs a constructor.
#include "api/start.h"

#include <stdlib.h>
#include <sys/auxv.h>

#include "api/exempt.h"
#include "api/fast.h"
#include "api/fork.h"
#include "api/telemetry.h"
#include "base/options.h"

constinit neap::PageMap neap::page_map;
constinit neap::Heap neap::heap{neap::page_map, ::neap_telemetry};

namespace {

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
  neap::follow_forks();
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
    heap.look_at_limit();
  }
  exempt_if_named(variable("LD_PRELOAD"));
}
