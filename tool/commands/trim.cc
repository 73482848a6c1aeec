#include <errno.h>
#include <fmt/core.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "tool/commands/telemetry_target.h"
#include "tool/commands/verbs.h"
#include "tool/measure/clock.h"
#include "tool/model/failure.h"
#include "tool/render/quantity.h"
#include "tool/verdict/look.h"

namespace neap {
namespace {

constexpr const char* trim_help =
    "libneap reads the request at its next heap event; a program that is idle has none, and trims when it wakes.\n"
    "Of a program on glibc it tells what malloc_trim would return, and changes nothing: nobody but the program\n"
    "itself can call into its heap safely.";

constexpr std::uint32_t trim_now = 1;
constexpr std::uint64_t worth_having = 32;  // trimming is worth it from one part in so many of what is resident
constexpr auto between_looks = std::chrono::milliseconds(20);

struct TrimOptions {
  std::string target;
  double wait = 10;
};

std::uint64_t resident_of(pid_t pid) { return find_processes(fmt::format("{}", pid)).front().resident; }

void ask_for_trim(pid_t pid, std::uint64_t telemetry) {
  std::uint32_t word = trim_now;
  iovec local{&word, sizeof word},
      remote{reinterpret_cast<void*>(telemetry + offsetof(neap_telemetry, control)), sizeof word};
  if (::process_vm_writev(pid, &local, 1, &remote, 1, 0) != sizeof word)
    throw Failure(fmt::format("process {} cannot be asked: {}", pid, std::strerror(errno)));
}

// True when the library has taken the request.
bool wait_until_taken(LiveProcess& space, std::uint64_t telemetry, double seconds) {
  const Seconds end = monotonic_now() + Seconds{seconds};
  for (;;) {
    std::uint32_t word = trim_now;
    if (!space.read_word(telemetry + offsetof(neap_telemetry, control), word)) throw Failure("the process has ended");
    if (word != trim_now) return true;
    if (monotonic_now() >= end) return false;
    std::this_thread::sleep_for(between_looks);
  }
}

int trim_neap(LiveProcess& space, const FoundProcess& process, std::uint64_t telemetry, const TrimOptions& options,
              const Invocation& invocation) {
  const std::uint64_t before = resident_of(process.pid);
  ask_for_trim(process.pid, telemetry);
  const bool taken = wait_until_taken(space, telemetry, options.wait);
  const std::uint64_t after = taken ? resident_of(process.pid) : before;
  if (invocation.json) {
    const nlohmann::ordered_json json = {
        {"pid", process.pid}, {"taken", taken}, {"before_bytes", before}, {"after_bytes", after}};
    fmt::print("{}\n", json.dump(2));
  } else if (taken) {
    fmt::print("{} (process {}): {} before, {} after\n", process.name, process.pid, show_bytes({before}),
               show_bytes({after}));
  } else {
    fmt::print("{} (process {}) is idle: it will trim at its next heap event\n", process.name, process.pid);
  }
  return exit_success;
}

// Tells of the ways that are safe: the program trims from inside, or an allocator gives memory back by itself.
int tell_of_glibc(LiveProcess& space, const FoundProcess& process, const Invocation& invocation) {
  const Look look = look_at(space, process.pid, process.name);
  const HeapFill* glibc = nullptr;
  for (const HeapFill& heap : look.heaps)
    if (heap.trim && glibc == nullptr) glibc = &heap;
  if (glibc == nullptr)
    throw UsageFailure(
        fmt::format("process {} ({}) runs on neither libneap nor glibc's malloc: nothing to trim that neap "
                    "knows of",
                    process.pid, process.name));
  if (invocation.json) {
    const nlohmann::ordered_json json = {{"pid", process.pid}, {"taken", false}, {"trim_bytes", glibc->trim->bytes}};
    fmt::print("{}\n", json.dump(2));
    return exit_success;
  }
  fmt::print("{} (process {}) runs on glibc's malloc: malloc_trim(0) would return {} of {} resident.\n", process.name,
             process.pid, show_bytes({glibc->trim->bytes}), show_bytes({look.resident}));
  if (glibc->trim->bytes < look.resident / worth_having) {
    fmt::print("That is hardly anything: what is free lies beside live objects (neap inspect {}).\n", process.pid);
    return exit_success;
  }
  fmt::print(
      "neap never calls into a running heap. Safe ways to have it back: a command of the program's own that trims,\n"
      "a restart, or libneap, which returns memory by itself: neap enable UNIT --restart, neap run -a neap -- "
      "PROGRAM\n");
  return exit_success;
}

int trim(const TrimOptions& options, const Invocation& invocation) {
  const FoundProcess process = target_process(options.target, "trim");
  LiveProcess space(process.pid);
  if (const auto telemetry = telemetry_of(space))
    return trim_neap(space, process, telemetry->address, options, invocation);
  return tell_of_glibc(space, process, invocation);
}

}  // namespace

VerbBody define_trim(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<TrimOptions>();
  command.add_option("TARGET", options->target, "Process number, program or systemd unit");
  command.add_option("--wait", options->wait, "Seconds to wait for the program's next heap event")
      .shows_default()
      .not_negative();
  command.footer(trim_help);
  return [options, &invocation] { return trim(*options, invocation); };
}

}  // namespace neap
