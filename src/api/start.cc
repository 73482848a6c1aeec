// The library's start and end. The only file that reads the environment. malloc works before this ran and
// after it ended: nothing of the heap needs a constructor.
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

// 101: before the constructors of programs and of most libraries.
[[gnu::constructor(101)]] void start() {
  const bool secure = getauxval(AT_SECURE) != 0;
  const char* text = secure ? nullptr : getenv("NEAP_OPTIONS");
  if (text != nullptr) {
    neap::parse_options(text, neap::heap.options, complain);
    if (neap::ThreadCache* cache = neap::opened_cache()) neap::heap.renew_cache(*cache);
  }
  neap::exempt_if_named(secure ? nullptr : getenv("LD_PRELOAD"));
  neap::watch_forks();
}

[[gnu::destructor(101)]] void end() {
  if (neap::heap.options.stats == 0) return;
  neap::heap.publish();
  neap::print_stats(neap_telemetry);
}

}  // namespace
