// neap-replay: replays one trace under whatever malloc this process was started with, and prints what it cost.
// It is linked without libstdc++, so that its own work cannot reach operator new by mistake.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cstdint>

#include "progress.h"
#include "result.h"

namespace {

using namespace neap;

constexpr const char* kUsage =
    "usage: neap-replay [options] TRACE      (choose the allocator by LD_PRELOAD; prints JSON)\n"
    "  --pace X          replay at X times the recorded pace (default: as fast as possible)\n"
    "  --samples N       memory samples, evenly spaced by event (default 400)\n"
    "  --drop-from N     leave out objects of N bytes and more\n"
    "  --verify          mark every object and check the marks\n"
    "  --null            make no calls: the harness's own cost\n"
    "  --progress-fd FD  write each sample there as it is taken, and why the replay failed\n";

struct Arguments {
  replay::PlanOptions plan;
  replay::PlayOptions play;
  const char* trace = nullptr;
};

double number(const char* option, const char* text, double low, double high) {
  char* end = nullptr;
  const double value = text == nullptr ? 0 : strtod(text, &end);
  if (text == nullptr || end == text || *end != 0 || !(value >= low && value <= high)) {
    fprintf(stderr, "neap-replay: %s needs a number from %g to %g, not '%s'\n", option, low, high,
            text == nullptr ? "" : text);
    exit(2);
  }
  return value;
}

Arguments parse(char** word) {
  Arguments arguments;
  const auto is = [&](const char* name) { return strcmp(*word, name) == 0; };
  for (++word; *word != nullptr; ++word) {
    if (is("--pace")) {
      arguments.play.pace = number("--pace", *++word, 1e-3, 1e6);
    } else if (is("--samples")) {
      arguments.plan.samples = static_cast<std::uint32_t>(number("--samples", *++word, 1, 100000));
    } else if (is("--drop-from")) {
      arguments.plan.drop_from_bytes = static_cast<std::uint64_t>(number("--drop-from", *++word, 1, 1e15));
    } else if (is("--verify")) {
      arguments.play.calls = replay::execute_steps_verified;
    } else if (is("--null")) {
      arguments.play.calls = replay::execute_nothing;
    } else if (is("--progress-fd")) {
      arguments.play.progress_fd = static_cast<int>(number("--progress-fd", *++word, 0, 1e6));
    } else if (is("--help") || is("-h")) {
      fputs(kUsage, stdout);
      exit(0);
    } else if (**word == '-' || arguments.trace != nullptr) {
      fprintf(stderr, "neap-replay: unexpected '%s'\n%s", *word, kUsage);
      exit(2);
    } else {
      arguments.trace = *word;
    }
    if (*word == nullptr) break;
  }
  if (arguments.trace == nullptr) {
    fprintf(stderr, "neap-replay: name a trace\n%s", kUsage);
    exit(2);
  }
  return arguments;
}

constexpr int kFailed = 1;
constexpr int kBadTrace = 2;

int fail(const Arguments& arguments, const char* error, int code) {
  if (arguments.play.progress_fd >= 0) {
    replay::write_failure(arguments.play.progress_fd, error);
  } else {
    fprintf(stderr, "neap-replay: %s: %s\n", arguments.trace, error);
  }
  return code;
}

}  // namespace

int main(int, char** argv) {
  const Arguments arguments = parse(argv);
  static replay::Plan plan;
  static replay::Meter meter;
  static replay::Player player(plan, meter, arguments.play);
  if (const char* error = plan.open(arguments.trace, arguments.plan)) return fail(arguments, error, kBadTrace);
  if (const char* error = player.prepare(arguments.plan.samples)) return fail(arguments, error, kFailed);
  if (const char* error = meter.open()) return fail(arguments, error, kFailed);
  if (const char* error = player.play()) return fail(arguments, error, player.trace_is_bad() ? kBadTrace : kFailed);
  replay::print_result(plan, player, meter, arguments.play.pace);
  _exit(0);
}
