#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>

#include "tool/allocators/environment.h"
#include "tool/allocators/preflight.h"
#include "tool/allocators/resolve.h"
#include "tool/files/target.h"
#include "tool/measure/child.h"
#include "tool/measure/clock.h"
#include "tool/measure/interrupts.h"
#include "tool/model/failure.h"
#include "tool/model/text.h"
#include "tool/render/progress.h"
#include "tool/render/quantity.h"
#include "tool/trace/collector.h"
#include "tool/trace/commands/trace_verbs.h"

namespace neap {
namespace {

constexpr const char* footer =
    "Sizes, order, threads and times of every malloc, realloc and free; never contents or addresses.\n"
    "One process is recorded: the program itself, or with --process the first one of that name. What it forks is not.\n"
    "Next: neap trace info FILE; neap trace replay FILE";

struct TraceRecordOptions {
  std::string output;
  std::string allocator = "libc";
  std::string process;
  int level = 3;
  bool force = false;
};

void forward_interrupt(const Interrupts::Event& event, pid_t pid) {
  if (event.signal == 0 || event.signal == SIGCHLD || event.from_terminal) return;
  ::kill(pid, event.signal);
}

bool alive(pid_t pid) { return pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM); }

// Drains until the program and, where it is another one, the recorded process are gone.
// The file comes under its name with its first chunk: killed from there on, it leaves what is whole.
int collect(pid_t child, Channel& channel, Collector& collector, const trace::TraceWriter& writer, NewFile& file,
            const Interrupts& interrupts, Progress& progress) {
  bool told = false;
  std::optional<ChildEnd> end;
  const Seconds start = monotonic_now();
  for (;;) {
    if (!end) end = wait_child(child, false);
    const pid_t owner = channel.head().owner_pid.load();
    const bool over = end && (owner == child || !alive(owner));
    const std::uint64_t taken = collector.drain(over);
    if (writer.bytes_written() > sizeof(trace::FileHeader)) file.publish();
    if (!collector.failure().empty() && !told)
      tell(collector.failure() + "; the program goes on, what was recorded until here is kept");
    told = !collector.failure().empty();
    if (over && taken == 0) return end->exit_code;
    if (taken == 0) forward_interrupt(interrupts.wait_until(monotonic_now() + Seconds{0.001}), end ? owner : child);
    progress.show(fmt::format("recording for {}: {} events, {}", show_duration(monotonic_now() - start),
                              show_count(static_cast<double>(writer.events())), show_bytes({writer.bytes_written()})));
  }
}

void tell_end(const trace::TraceWriter& writer, const Collector& collector, const Channel& channel,
              const TraceRecordOptions& options) {
  if (channel.head().owner_pid.load() == 0)
    tell(options.process.empty()
             ? "nothing was recorded: the program is static or setuid"
             : fmt::format("nothing was recorded: no process was named '{}', or it is static or setuid",
                           options.process));
  if (channel.head().dropped.load() != 0) tell("the trace is incomplete: the program went on while neap was stopped");
  const CollectorCounts& counts = collector.counts();
  tell(fmt::format("{} events in {} ({}); {} frees of objects from before the recording", writer.events(),
                   options.output, show_bytes({writer.bytes_written()}), counts.unknown_releases));
}

int record_trace(TraceRecordOptions options, const Invocation& invocation) {
  const auto& program = require_program(invocation, "trace record");
  const std::string file = find_program(program.front());
  const std::string name = std::filesystem::path(program.front()).filename().string();
  const Preflight preflight = look_before_start(program.front());
  if (!preflight.obstacle.empty() && options.process.empty())
    throw Failure(fmt::format("{} cannot be traced: {}", program.front(), preflight.obstacle));
  const std::string tracer = find_own_file("libneap-trace.so");
  if (tracer.empty()) throw Failure("libneap-trace.so is missing beside neap; install or build neap anew");
  if (options.output.empty()) options.output = name + ".trace";
  NewFile trace_file(options.output, {FileKind::trace, {}, options.force});

  Channel channel;
  trace::TraceWriter writer(trace_file.unfinished(), options.process.empty() ? name : options.process, options.level);
  const WriterLock lock(trace_file.unfinished());
  Collector collector(channel, writer);
  tell_left_out();
  auto environment = environment_to_measure(fitted_to(resolve_allocator(options.allocator), preflight), {tracer});
  environment.push_back(fmt::format("{}={}", trace::kChannelVariable, channel.path()));
  environment.push_back(fmt::format("{}={}", trace::kProgramVariable, options.process));
  Progress progress(!invocation.quiet && ::isatty(STDOUT_FILENO) == 0);
  const Interrupts interrupts;
  const pid_t child = start_child(file, program, environment);
  const int code = collect(child, channel, collector, writer, trace_file, interrupts, progress);
  if (collector.failure().empty()) writer.finish();
  trace_file.publish();
  progress.clear();
  if (!invocation.quiet || channel.head().owner_pid.load() == 0) tell_end(writer, collector, channel, options);
  return code;
}

}  // namespace

VerbBody define_trace_record(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<TraceRecordOptions>();
  command.takes_program();
  command.add_option("-o,--output", options->output, "The trace (default: PROGRAM.trace)").named("FILE");
  command.add_option("-a,--allocator", options->allocator, "Record above this allocator").named("NAME").shows_default();
  command.add_option("--process", options->process, "Record the first process of this name that the program starts")
      .named("NAME");
  command.add_option("--level", options->level, "zstd's compression level").within(1, 19).shows_default();
  command.add_flag("--force", options->force, "Replace an existing trace");
  command.footer(footer);
  return [options, &invocation] { return record_trace(*options, invocation); };
}

}  // namespace neap
