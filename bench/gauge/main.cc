// neap-bench-gauge: runs a program once and measures it from outside.
//   neap-bench-gauge [--interval MS] [--env NAME[=VALUE]]... [--stdout FILE] [--sheet FILE] [--beside COMMAND]
//                    [--timeout S] [--repeat N] -- PROGRAM ARGS
// Prints one JSON object. --beside runs a shell command beside the program (a client beside a server), outside the
// measurement; when it ends the program is sent SIGTERM, and its exit code counts. --repeat runs the program N
// times more, unmeasured, and tells the medians of their times. The sheet is bench/workloads/sheet.h.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../workloads/sheet.h"
#include "child.h"
#include "tool/inspect/mappings.h"
#include "tool/measure/process_reader.h"
#include "tool/model/statistics.h"

namespace {

using namespace neap::bench;
using neap::ProcessReader;
using neap::Sample;

struct Options {
  Command program;
  std::string beside;
  const char* sheet = nullptr;
  unsigned interval_ms = 10;
  double timeout_s = 600;
  unsigned repeat = 0;
};

[[noreturn]] void refuse(const char* what) {
  std::fprintf(stderr, "neap-bench-gauge: %s; see the head of bench/gauge/main.cc\n", what);
  std::exit(2);
}

Options parse(char** word) {
  Options options;
  for (++word; *word != nullptr && std::strcmp(*word, "--") != 0; word += 2) {
    const std::string name = *word;
    const char* const value = word[1];
    if (value == nullptr) refuse("an option without a value");
    if (name == "--interval")
      options.interval_ms = std::max(1u, static_cast<unsigned>(std::strtoul(value, nullptr, 10)));
    else if (name == "--env")
      options.program.environment.emplace_back(value);
    else if (name == "--stdout")
      options.program.output = value;
    else if (name == "--sheet")
      options.sheet = value;
    else if (name == "--beside")
      options.beside = value;
    else if (name == "--timeout")
      options.timeout_s = std::strtod(value, nullptr);
    else if (name == "--repeat")
      options.repeat = static_cast<unsigned>(std::strtoul(value, nullptr, 10));
    else
      refuse("an unknown option");
  }
  if (*word == nullptr || word[1] == nullptr) refuse("no program behind --");
  for (++word; *word != nullptr; ++word) options.program.words.emplace_back(*word);
  return options;
}

const Sheet* open_sheet(const char* path) {
  const int file = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ::ftruncate(file, 0) != 0 || ::ftruncate(file, sizeof(Sheet)) != 0)
    refuse("the sheet cannot be made");
  void* const memory = ::mmap(nullptr, sizeof(Sheet), PROT_READ, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) refuse("the sheet cannot be mapped");
  ::close(file);
  return static_cast<const Sheet*>(memory);
}

double now_s() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double in_bytes(std::optional<neap::Bytes> bytes) { return static_cast<double>(bytes.value_or(neap::Bytes{}).count); }

// Means over the samples: those of the workload's own stretch where there is a sheet, all of them otherwise.
struct Samples {
  double resident = 0, above_baseline = 0, live = 0;
  unsigned count = 0;

  void take(ProcessReader& process, const Sheet* sheet) {
    if (sheet != nullptr && sheet->stage.load() != Stage::running) return;
    Sample now;
    if (!process.read_basics(now)) return;
    ++count;
    resident += in_bytes(now.rss);
    if (sheet == nullptr) return;
    above_baseline += in_bytes(process.read_anonymous()) - static_cast<double>(sheet->baseline_bytes.load());
    live += static_cast<double>(sheet->live_bytes());
  }
};

struct Last {
  Sample sample;
  std::vector<std::string> libraries;
};

// How long short programs take from start to end, while nothing samples them.
struct Starts {
  double wall_ms = 0, cpu_ms = 0;

  Starts(const Command& command, unsigned repeat) {
    std::vector<double> walls, cpus;
    for (unsigned i = 0; i < repeat; ++i) {
      const double start_s = now_s();
      const pid_t pid = start_beside(command);
      int status = 0;
      rusage usage{};
      ::wait4(pid, &status, 0, &usage);
      walls.push_back((now_s() - start_s) * 1e3);
      cpus.push_back((seconds(usage.ru_utime) + seconds(usage.ru_stime)) * 1e3);
    }
    wall_ms = neap::median_of(walls);
    cpu_ms = neap::median_of(cpus);
  }
};

class Gauge {
 public:
  explicit Gauge(const Options& options) : options_(options) {
    if (options.sheet != nullptr) sheet_ = open_sheet(options.sheet);
  }

  int run() {
    const double start_s = now_s();
    pid_ = start(options_.program);
    if (!options_.beside.empty()) beside_ = start_beside({{"/bin/sh", "-c", options_.beside}, {}, "/dev/null"});
    deadline_s_ = start_s + options_.timeout_s;
    const Ended ended = wait_for(
        pid_, options_.interval_ms, [this] { tick(); }, [this] { look_last(); });
    const double wall_s = now_s() - start_s;
    end_beside();
    print(ended, wall_s);
    return 0;
  }

 private:
  void tick() {
    ProcessReader process(pid_);
    samples_.take(process, sheet_);
    if (now_s() > deadline_s_) ::kill(pid_, SIGKILL), timed_out_ = true;
    int status = 0;
    if (beside_ > 0 && ::waitpid(beside_, &status, WNOHANG) == beside_) {
      beside_ = 0;
      beside_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
      ::kill(pid_, SIGTERM);
    }
  }

  void look_last() {
    ProcessReader process(pid_);
    process.read_basics(last_.sample);
    process.read_shares(last_.sample);
    for (const neap::MappedFile& file : neap::read_mapped_files(pid_).value_or(std::vector<neap::MappedFile>()))
      if (file.path.find(".so") != std::string::npos) last_.libraries.push_back(file.path);
  }

  // A client that is still there when the program has ended shows that the program ended too soon.
  void end_beside() {
    if (beside_ <= 0) return;
    ::kill(beside_, SIGTERM);
    ::waitpid(beside_, nullptr, 0);
    beside_code_ = 1;
  }

  void print(const Ended& ended, double wall_s) const {
    const double count = std::max(samples_.count, 1u);
    std::printf("{\"exit_code\": %d, \"beside_code\": %d, \"timed_out\": %s,\n", ended.exit_code, beside_code_,
                timed_out_ ? "true" : "false");
    std::printf(" \"wall_s\": %.6f, \"user_s\": %.6f, \"system_s\": %.6f, \"minor_faults\": %ld,\n", wall_s,
                seconds(ended.usage.ru_utime), seconds(ended.usage.ru_stime), ended.usage.ru_minflt);
    std::printf(" \"samples\": %u, \"mean_bytes\": %.0f, \"peak_bytes\": %lu,\n", samples_.count,
                samples_.resident / count, last_.sample.peak_rss.count);
    if (samples_.live > 0)
      std::printf(" \"live_mean_bytes\": %.0f, \"resident_per_live\": %.6f,\n", samples_.live / count,
                  samples_.above_baseline / samples_.live);
    if (options_.repeat > 0) {
      const Starts starts(options_.program, options_.repeat);
      std::printf(" \"start_ms\": %.4f, \"start_cpu_ms\": %.4f,\n", starts.wall_ms, starts.cpu_ms);
    }
    const Sample& end = last_.sample;
    std::printf(" \"end\": {\"rss\": %lu, \"pss\": %.0f, \"private_dirty\": %.0f, \"file\": %.0f},\n \"libraries\": [",
                end.rss.count, in_bytes(end.pss), in_bytes(end.private_dirty),
                in_bytes(end.rss) - in_bytes(end.anonymous));
    for (std::size_t i = 0; i < last_.libraries.size(); ++i)
      std::printf("%s\"%s\"", i == 0 ? "" : ", ", last_.libraries[i].c_str());
    std::printf("]}\n");
  }

  const Options& options_;
  const Sheet* sheet_ = nullptr;
  pid_t pid_ = 0, beside_ = 0;
  int beside_code_ = 0;
  double deadline_s_ = 0;
  bool timed_out_ = false;
  Samples samples_;
  Last last_;
};

}  // namespace

int main(int, char** words) {
  const Options options = parse(words);
  return Gauge(options).run();
}
