#include "tool/measure/recorder.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>

#include "tool/measure/clock.h"
#include "tool/measure/process_tree.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

constexpr Seconds keep_every{1};
constexpr Seconds patience_after_term{10};
constexpr Seconds look_every{0.03};  // the loader is done by then: soon enough to say that something is wrong
constexpr Seconds look_until{2};

Seconds from(const timeval& time) {
  return {static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6};
}

// One recording in progress.
class Recording {
 public:
  // `inherited_peak` of a child that neap started; empty when somebody else did.
  Recording(pid_t pid, std::optional<Bytes> inherited_peak, const RecorderOptions& options,
            const Interrupts& interrupts, SampleSink& sink)
      : pid_(pid),
        is_child_(inherited_peak.has_value()),
        inherited_peak_(inherited_peak.value_or(Bytes{})),
        options_(options),
        interrupts_(interrupts),
        sink_(sink),
        tree_(pid, started_, {options.budget_percent, options.least_detail_interval, is_child_, options.members}) {}

  RunEnd run() {
    Seconds next = started_;
    while (!over_) {
      tick();
      const Seconds pause = seen_ ? options_.interval : std::min(options_.interval, look_every);
      next = std::max(next + pause, monotonic_now());
      while (!over_ && monotonic_now() < next) handle(interrupts_.wait_until(std::min(next, limit())));
    }
    const RunEnd end = conclude();
    sink_.finish(end);
    return end;
  }

 private:
  // The next moment at which something has to happen although no sample is due.
  Seconds limit() const {
    if (kill_at_) return *kill_at_;
    if (options_.duration && !stopping_) return started_ + *options_.duration;
    return {1e18};
  }

  void tick() {
    const bool any = tree_.sample_into(sink_);
    const Seconds now = monotonic_now();
    if (!any && !is_child_ && !options_.members) over_ = true;
    if (options_.members) note_start(now);
    if (now - kept_ >= keep_every || options_.interval >= keep_every) {
      sink_.keep();
      kept_ = now;
    }
    if (options_.on_tick) options_.on_tick(now - started_, tree_.last_rss(), tree_.peak_rss());
    if (!seen_ && now - started_ >= std::min(options_.interval, look_every))
      seen_ = !options_.on_look || options_.on_look(pid_, now - started_ >= look_until) || now - started_ >= look_until;
  }

  // When a unit's first process is another one, the unit was restarted. The next look asks what it runs on, as its
  // loader is done by then.
  void note_start(Seconds now) {
    const pid_t first = tree_.oldest();
    if (first == 0 || first == told_) return;
    if (first != fresh_) {
      fresh_ = first;
      return;
    }
    if (told_ != 0) sink_.add(Mark{now - started_, options_.on_start(first)});
    told_ = first;
  }

  void handle(const Interrupts::Event& event) {
    const Seconds now = monotonic_now();
    if (event.signal == SIGCHLD) return reap();
    if (event.signal != 0) return stop(event);
    if (kill_at_ && now >= *kill_at_) {
      ::kill(pid_, SIGKILL);
      kill_at_.reset();
    } else if (options_.duration && !stopping_ && now >= started_ + *options_.duration) {
      timed_out_ = true;
      stop({SIGTERM, false});
    }
  }

  // The first request is passed on to the program, a second one asks it to terminate, after that it is killed.
  void stop(const Interrupts::Event& event) {
    interrupted_ = true;
    if (!asked_to_stop_) asked_to_stop_ = monotonic_now() - started_;
    if (!is_child_) {
      over_ = true;
      return;
    }
    if (stopping_) {
      ::kill(pid_, kill_at_ ? SIGKILL : SIGTERM);
      kill_at_ = monotonic_now() + patience_after_term;
    } else if (!event.from_terminal) {
      ::kill(pid_, event.signal);
      if (event.signal == SIGTERM) kill_at_ = monotonic_now() + patience_after_term;
    }
    stopping_ = true;
  }

  // Orphans of the program come to neap, their subreaper: they are waited for as well.
  void reap() {
    int status = 0;
    rusage usage{};
    for (pid_t ended = 0; (ended = ::wait4(-1, &status, WNOHANG, &usage)) > 0;) {
      user_ = user_ + from(usage.ru_utime);
      system_ = system_ + from(usage.ru_stime);
      minor_faults_ += static_cast<std::uint64_t>(usage.ru_minflt);
      major_faults_ += static_cast<std::uint64_t>(usage.ru_majflt);
      if (ended != pid_) continue;
      exit_code_ = WIFSIGNALED(status) ? exit_signal_base + WTERMSIG(status) : WEXITSTATUS(status);
      peak_ = kibibytes(static_cast<std::uint64_t>(usage.ru_maxrss));
      ended_ = monotonic_now();
      over_ = true;
    }
  }

  RunEnd conclude() const {
    RunEnd end;
    end.wall = (ended_.count > 0 ? ended_ : monotonic_now()) - started_;
    end.interrupted = interrupted_;
    end.timed_out = timed_out_;
    end.exit_code = exit_code_;
    end.asked_to_stop = asked_to_stop_;
    // A peak as low as the inherited one is only an upper bound of the program's own. The samples know it better,
    // unless the only one is that taken as the program begins.
    const bool exact = peak_ > inherited_peak_ || tree_.looks() <= 1;
    end.peak_rss = exact ? std::max(peak_, tree_.peak_rss()) : tree_.peak_rss();
    if (exit_code_) {
      end.user = user_;
      end.system = system_;
      end.minor_faults = minor_faults_;
      end.major_faults = major_faults_;
    }
    const Seconds own = own_cpu_now() - own_cpu_before_;
    end.own_cpu_percent = end.wall.count > 0 ? 100 * own.count / end.wall.count : 0;
    if (tree_.looks() > 0) end.sample_interval = {end.wall.count / static_cast<double>(tree_.looks())};
    if (tree_.detail_share() > 0) end.detail_interval = {end.sample_interval.count / tree_.detail_share()};
    end.most_processes = tree_.most_processes();
    return end;
  }

  pid_t pid_;
  bool is_child_;
  Bytes inherited_peak_;
  const RecorderOptions& options_;
  const Interrupts& interrupts_;
  SampleSink& sink_;
  Seconds started_ = monotonic_now();
  Seconds own_cpu_before_ = own_cpu_now();
  Seconds ended_{};
  Seconds kept_{};
  ProcessTree tree_;
  std::optional<Seconds> kill_at_;
  std::optional<Seconds> asked_to_stop_;
  pid_t fresh_ = 0;  // a unit's first process, seen once
  pid_t told_ = 0;   // ... and known
  bool over_ = false;
  bool stopping_ = false;
  bool interrupted_ = false;
  bool timed_out_ = false;
  bool seen_ = false;
  std::optional<int> exit_code_;
  Bytes peak_;
  Seconds user_;
  Seconds system_;
  std::uint64_t minor_faults_ = 0;
  std::uint64_t major_faults_ = 0;
};

}  // namespace

RunEnd record_program(const Launch& launch, const RecorderOptions& options, const Interrupts& interrupts,
                      SampleSink& sink) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  Bytes inherited_peak;
  const pid_t pid = start_child(launch.file, launch.arguments, launch.environment, launch.options, &inherited_peak);
  return Recording(pid, inherited_peak, options, interrupts, sink).run();
}

RunEnd record_process(pid_t pid, const RecorderOptions& options, const Interrupts& interrupts, SampleSink& sink) {
  if (::kill(pid, 0) != 0 && errno == ESRCH) throw Failure(fmt::format("no process {}", pid), exit_bad_usage);
  return Recording(pid, std::nullopt, options, interrupts, sink).run();
}

RunEnd record_members(const RecorderOptions& options, const Interrupts& interrupts, SampleSink& sink) {
  return Recording(0, std::nullopt, options, interrupts, sink).run();
}

}  // namespace neap
