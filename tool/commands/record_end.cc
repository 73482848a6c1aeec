#include "tool/commands/record_end.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tool/measure/process_reader.h"
#include "tool/model/failure.h"
#include "tool/model/stretched.h"
#include "tool/model/text.h"
#include "tool/render/quantity.h"

namespace neap {

void tell_end(const RunEnd& end, std::size_t samples, const RecordTold& told) {
  if (is_stretched(end, told.interval, samples))
    tell(fmt::format("RSS every {} instead of {}: {}", show_seconds(end.sample_interval), show_seconds(told.interval),
                     was_busy(end) ? std::string("the machine was busy with other work")
                                   : fmt::format("{} processes cost more than the budget; more often with --budget",
                                                 end.most_processes)));
  if (told.quiet) return;
  const std::string peak = show_bytes(end.peak_rss.value_or(Bytes{}));
  if (samples == 0) {
    const Seconds cpu = end.user.value_or(Seconds{}) + end.system.value_or(Seconds{});
    return tell(fmt::format("ended after {}, too soon for a sample: by the kernel's count peak RSS {}, CPU {}; in {}",
                            show_seconds(end.wall), peak, show_seconds(cpu), told.output));
  }
  std::string cost;
  if (end.detail_interval.count > 0) cost += fmt::format("; PSS every {}", show_seconds(end.detail_interval));
  if (end.wall.count >= 1) cost += fmt::format("; recording took {:.2f}% of a core", end.own_cpu_percent);
  tell(fmt::format("{} sample{} in {} in {}, peak RSS {}{}", samples, samples == 1 ? "" : "s", show_duration(end.wall),
                   told.output, peak, cost));
}

void tell_left_behind(const std::string& program) {
  const std::vector<pid_t> left = ProcessReader(::getpid()).read_children(true);
  if (left.empty()) return;
  tell(fmt::format(
      "{} has ended and left {} running; to record that: neap record --pid {}, or start it in the foreground", program,
      left.size() == 1 ? "a process" : fmt::format("{} processes", left.size()), left.front()));
}

void go_aside(const std::string& output, bool quiet) {
  const pid_t pid = ::fork();
  if (pid < 0) throw Failure(fmt::format("cannot fork: {}", std::strerror(errno)));
  if (pid > 0) {
    if (!quiet) tell(fmt::format("recording into {} in the background; to end it: kill -INT {}", output, pid));
    ::_exit(exit_success);
  }
  ::setsid();
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere, descriptor);
}

}  // namespace neap
