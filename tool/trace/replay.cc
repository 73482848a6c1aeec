#include "tool/trace/replay.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

#include "tool/measure/child.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

// One running neap-replay: its samples come by a pipe while it runs, its answer lies in a file at the end.
class Running {
 public:
  explicit Running(const ReplayJob& job) : answer_(::memfd_create("neap-replay-answer", MFD_CLOEXEC)) {
    replay_.label = job.label;
    trace_ = job.arguments.back();
    int ends[2];
    if (answer_ < 0 || ::pipe(ends) != 0)
      throw Failure(fmt::format("cannot make a pipe to neap-replay: {}", std::strerror(errno)));
    samples_ = ends[0];
    ::fcntl(samples_, F_SETFD, FD_CLOEXEC);
    ::fcntl(samples_, F_SETFL, O_NONBLOCK);
    auto arguments = job.arguments;
    arguments.insert(arguments.begin() + 1, {"--progress-fd", std::to_string(ends[1])});
    ChildOptions options;
    options.output_file = fmt::format("/proc/self/fd/{}", answer_);
    options.new_process_group = true;
    pid_ = start_child(arguments.front(), arguments, job.environment, options);
    ::close(ends[1]);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    if (pid_ > 0) stop();
    ::close(samples_);
    ::close(answer_);
  }

  int descriptor() const { return samples_; }
  const Replay& replay() const { return replay_; }
  bool over() const { return pid_ == 0; }

  void read_samples() {
    char bytes[4096];
    for (ssize_t got = 0; (got = ::read(samples_, bytes, sizeof bytes)) > 0;)
      pending_.append(bytes, static_cast<std::size_t>(got));
    for (std::size_t end = 0; (end = pending_.find('\n')) != std::string::npos; pending_.erase(0, end + 1)) {
      const auto line = nlohmann::json::parse(pending_.substr(0, end));
      if (line.contains("error")) {
        error_ = line["error"];
        continue;
      }
      replay_.samples.push_back({line["event"],
                                 {line["trace_ms"].get<double>() / 1000},
                                 {line["live_bytes"].get<std::uint64_t>()},
                                 {line["resident_bytes"].get<std::uint64_t>()}});
    }
  }

  void look_for_end() {
    if (over()) return;
    const auto end = wait_child(pid_, false);
    if (!end) return;
    pid_ = 0;
    read_samples();
    if (end->exit_code == 0) return read_answer();
    if (end->exit_code == exit_bad_usage) throw UsageFailure(fmt::format("{}: {}", trace_, error_));
    if (error_.empty()) error_ = fmt::format("neap-replay ended with exit code {}", end->exit_code);
    throw Failure(fmt::format("the replay under {} failed: {}", replay_.label, error_));
  }

  void stop() {
    ::kill(pid_, SIGKILL);
    wait_child(pid_);
    pid_ = 0;
    read_samples();
  }

 private:
  void read_answer() {
    std::string text(static_cast<std::size_t>(::lseek(answer_, 0, SEEK_END)), '\0');
    if (::pread(answer_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) return;
    const auto json = nlohmann::json::parse(text);
    const auto bytes = [&](const char* name) { return Bytes{static_cast<std::uint64_t>(json[name].get<double>())}; };
    replay_.complete = true;
    replay_.resident_per_live = json["resident_per_live"];
    replay_.resident_per_live_last_quarter = json["resident_per_live_last_quarter"];
    replay_.resident_per_live_end = json["resident_per_live_end"];
    replay_.resident_mean = bytes("resident_mean_bytes");
    replay_.resident_peak = bytes("resident_peak_bytes");
    replay_.resident_end = bytes("resident_end_bytes");
    replay_.live_mean = bytes("live_mean_bytes");
    replay_.live_peak = bytes("live_peak_bytes");
    replay_.cpu = {json["cpu_s"]};
    replay_.wall = {json["wall_s"]};
    replay_.minor_faults = json["minor_faults"];
  }

  int answer_;
  int samples_ = -1;
  pid_t pid_ = 0;
  std::string trace_;
  std::string error_;
  std::string pending_;
  Replay replay_;
};

using Runnings = std::vector<std::unique_ptr<Running>>;

double slowest_share(const Runnings& all, std::uint64_t events) {
  double share = 1;
  for (const auto& each : all) {
    const auto& samples = each->replay().samples;
    const double done = samples.empty() ? 0 : static_cast<double>(samples.back().event) / static_cast<double>(events);
    share = std::min(share, done);
  }
  return share;
}

void wait_for_samples(const Runnings& all) {
  std::vector<pollfd> waited_for;
  for (const auto& each : all)
    if (!each->over()) waited_for.push_back({each->descriptor(), POLLIN, 0});
  ::poll(waited_for.data(), waited_for.size(), 50);
}

}  // namespace

std::vector<Replay> Replayer::run(const std::vector<ReplayJob>& jobs) const {
  Runnings all;
  for (const ReplayJob& job : jobs) all.push_back(std::make_unique<Running>(job));
  const auto over = [](const auto& each) { return each->over(); };
  while (!std::all_of(all.begin(), all.end(), over)) {
    wait_for_samples(all);
    for (const auto& each : all) each->read_samples(), each->look_for_end();
    on_progress_({slowest_share(all, trace_events_)});
    if (!interrupted_()) continue;
    for (const auto& each : all)
      if (!each->over()) each->stop();
  }
  std::vector<Replay> replays;
  for (const auto& each : all) replays.push_back(each->replay());
  return replays;
}

}  // namespace neap
