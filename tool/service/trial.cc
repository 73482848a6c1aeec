#include "tool/service/trial.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "tool/change/durable.h"
#include "tool/checks/machine_checks.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(30);
constexpr uid_t nobody_id = 65534;
constexpr std::size_t most_output = 1 << 16;

enum class As { root, nobody };
enum class Reach { preload, none, other_architecture };

struct TrialProgram {
  const char* name;
  std::array<const char*, 4> command;  // its path first, up to the first null
  As as = As::root;
  Reach reach = Reach::preload;  // whether the library is expected to come into it
};

constexpr TrialProgram programs[] = {
    {"sh", {"/bin/sh", "-c", "exit 0"}},
    {"true", {"/bin/true"}},
    {"ls", {"/bin/ls", "/"}},
    {"bash", {"/bin/bash", "-c", "x=$(echo a); [ \"$x\" = a ]"}},
    {"systemctl", {"/bin/systemctl", "--version"}},
    {"sshd", {"/usr/sbin/sshd", "-t"}},
    {"apt", {"/usr/bin/apt-config", "dump"}},
    {"dpkg", {"/usr/bin/dpkg", "--version"}},
    {"python3", {"/usr/bin/python3", "-c", "import json, threading; json.dumps([0] * 100000)"}},
    {"getent", {"/usr/bin/getent", "passwd", "root"}},
    {"su (setuid)", {"/bin/su", "--version"}, As::nobody},
    {"ldconfig (static)", {"/sbin/ldconfig", "-p"}, As::root, Reach::none},
    {"busybox (static)", {"/bin/busybox", "true"}, As::root, Reach::none},
    // libc.so.6 is a program too, which prints its version: of multiarch, and of Debian's libc6-i386.
    {"32-bit libc", {"/lib/i386-linux-gnu/libc.so.6"}, As::root, Reach::other_architecture},
    {"32-bit libc", {"/lib32/libc.so.6"}, As::root, Reach::other_architecture},
};

struct End {
  int status = 0;  // of waitpid
  bool in_time = true;
  std::string output;  // both streams
};

[[noreturn]] void become(const std::vector<std::string>& command, As as, int output) {
  const int nowhere = ::open("/dev/null", O_RDONLY);
  ::dup2(nowhere, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::setpgid(0, 0);
  if (as == As::nobody && (::setgroups(0, nullptr) != 0 || ::setgid(nobody_id) != 0 || ::setuid(nobody_id) != 0))
    ::_exit(126);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  char* const environment[] = {path, nullptr};
  ::execve(words[0], words.data(), environment);
  ::_exit(127);
}

// Reads until the program closes its output or time is over.
bool read_all(int file, std::string& output) {
  const auto deadline = Clock::now() + patience;
  std::array<char, 4096> buffer;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waiting{file, POLLIN, 0};
    if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) == 0) return false;
    const ssize_t got = ::read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    if (output.size() < most_output) output.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

End run(const std::vector<std::string>& command, As as) {
  int output[2];
  if (::pipe2(output, O_CLOEXEC) != 0) throw Failure(fmt::format("no pipe for the trial: {}", std::strerror(errno)));
  const pid_t pid = ::fork();
  if (pid == 0) become(command, as, output[1]);
  ::close(output[1]);
  if (pid < 0) {
    ::close(output[0]);
    throw Failure(fmt::format("cannot start a process: {}", std::strerror(errno)));
  }
  End end;
  end.in_time = read_all(output[0], end.output);
  if (!end.in_time) ::kill(-pid, SIGKILL);
  ::close(output[0]);
  ::waitpid(pid, &end.status, 0);
  return end;
}

std::string describe(const End& end) {
  if (!end.in_time) return fmt::format("did not end within {} s", patience.count());
  if (WIFSIGNALED(end.status)) return fmt::format("was killed by signal {}", WTERMSIG(end.status));
  return fmt::format("ended with {}", WEXITSTATUS(end.status));
}

std::vector<std::string> command_of(const TrialProgram& program) {
  std::vector<std::string> words;
  for (const char* word : program.command)
    if (word != nullptr) words.emplace_back(word);
  return words;
}

TrialResult judge(const TrialProgram& program, const End& without, const End& with) {
  TrialResult result{program.name, with.in_time && with.status == without.status, {}};
  if (!result.passed) result.remark = fmt::format("{} under it, {} without", describe(with), describe(without));
  const bool refused = with.output.find("ld.so: object") != std::string::npos;
  if (result.passed && refused && program.reach == Reach::preload) {
    result.passed = false;
    result.remark = "ld.so cannot load the library";
  } else if (result.passed && refused) {
    result.remark = "every program of this kind will print a line of ld.so that the library is not for it";
  }
  return result;
}

// The new file over the old one, for this process and its children alone.
void enter_namespace(const std::string& folder) {
  const std::string copy = folder + preload_path;
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    throw Failure(fmt::format("no mount namespace for the trial: {}", std::strerror(errno)));
  if (::access(preload_path, F_OK) == 0) {
    if (::mount(copy.c_str(), preload_path, nullptr, MS_BIND, nullptr) == 0) return;
  } else {
    const std::string layers = fmt::format("lowerdir={}/etc:/etc", folder);
    if (::mount("overlay", "/etc", "overlay", MS_RDONLY, layers.c_str()) == 0) return;
  }
  throw Failure(fmt::format("the trial cannot put its {} in place: {}; make an empty one (touch {}) and try again",
                            preload_path, std::strerror(errno), preload_path));
}

// That the library really comes in, told by a process of neap's own.
TrialResult judge_effect(const std::string& neap, const Allocator& allocator) {
  const End end = run({neap, "probe"}, As::root);
  const bool serves = end.status == 0 && end.output.find(allocator.library) != std::string::npos;
  return {"neap probe", serves,
          serves ? "" : fmt::format("{}; its malloc does not come from {}", describe(end), allocator.library)};
}

std::vector<TrialResult> run_all(const std::string& folder, const Allocator& allocator) {
  const std::string neap = std::filesystem::read_symlink("/proc/self/exe").string();
  std::vector<const TrialProgram*> installed;
  std::vector<End> without;
  for (const TrialProgram& program : programs) {
    if (::access(program.command[0], X_OK) != 0) continue;
    installed.push_back(&program);
    without.push_back(run(command_of(program), program.as));
  }
  enter_namespace(folder);
  std::vector<TrialResult> results{judge_effect(neap, allocator)};
  for (std::size_t at = 0; at < installed.size(); ++at)
    results.push_back(judge(*installed[at], without[at], run(command_of(*installed[at]), installed[at]->as)));
  return results;
}

// One line per result through the pipe: name, 0 or 1, remark, separated by tabs. A line that begins with '!' is a
// failure.
std::string as_lines(const std::vector<TrialResult>& results) {
  std::string text;
  for (const TrialResult& result : results)
    text += fmt::format("{}\t{}\t{}\n", result.program, result.passed ? 1 : 0, result.remark);
  return text;
}

std::vector<TrialResult> from_lines(const std::string& text) {
  std::vector<TrialResult> results;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string line = text.substr(start, end - start);
    if (line.starts_with('!')) throw Failure(line.substr(1));
    const auto first = line.find('\t'), second = line.find('\t', first + 1);
    results.push_back({line.substr(0, first), line[first + 1] == '1', line.substr(second + 1)});
    start = end + 1;
  }
  if (results.empty()) throw Failure("the trial ended without a result; nothing was changed");
  return results;
}

void write_text(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(file, text.data(), text.size());
    if (put <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
}

}  // namespace

std::vector<TrialResult> hold_trial(const std::string& preload, const std::string& folder, const Allocator& allocator) {
  const std::string copy = folder + preload_path;
  for (const std::string& missing : missing_folders(copy)) make_folder_durably(missing);
  write_durably(copy, fresh_image(preload));
  int answer[2];
  if (::pipe2(answer, O_CLOEXEC) != 0) throw Failure(fmt::format("no pipe for the trial: {}", std::strerror(errno)));
  const pid_t pid = ::fork();  // the namespace goes away with the child
  if (pid == 0) {
    try {
      write_text(answer[1], as_lines(run_all(folder, allocator)));
    } catch (const std::exception& error) {
      write_text(answer[1], fmt::format("!{}\n", error.what()));
    }
    ::_exit(0);
  }
  ::close(answer[1]);
  std::string text;
  std::array<char, 4096> buffer;
  ssize_t got = 0;
  while (pid > 0 && (got = ::read(answer[0], buffer.data(), buffer.size())) > 0)
    text.append(buffer.data(), static_cast<std::size_t>(got));
  ::close(answer[0]);
  if (pid > 0) ::waitpid(pid, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return from_lines(text);
}

bool starts_programs() {
  const End end = run({"/bin/sh", "-c", "/bin/true"}, As::root);
  return end.in_time && end.status == 0;
}

}  // namespace neap
