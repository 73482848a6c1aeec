#include "tool/service/trial.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "tool/change/durable.h"
#include "tool/checks/machine_checks.h"
#include "tool/inspect/elf.h"
#include "tool/model/failure.h"
#include "tool/service/trial_process.h"

namespace neap {
namespace {

enum class Reach { preload, none, other_architecture };

struct TrialProgram {
  const char* name;
  std::array<const char*, 4> command;  // its path first, up to the first null
  As as = As::root;
  Reach reach = Reach::preload;  // whether the library is expected to come into it
};

// A program with the words it is started with.
struct Candidate {
  std::string name;
  std::vector<std::string> command;
  As as = As::root;
  Reach reach = Reach::preload;
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
    {"php", {"/usr/bin/php", "-r", "echo strlen(json_encode(array_map('strval', range(1, 100000))));"}},
    {"getent", {"/usr/bin/getent", "passwd", "root"}},
    {"su (setuid)", {"/bin/su", "--version"}, As::nobody},
    {"ldconfig (static)", {"/sbin/ldconfig", "-p"}, As::root, Reach::none},
    {"busybox (static)", {"/bin/busybox", "true"}, As::root, Reach::none},
    // libc.so.6 is a program too, which prints its version: of multiarch, and of Debian's libc6-i386.
    {"32-bit libc", {"/lib/i386-linux-gnu/libc.so.6"}, As::root, Reach::other_architecture},
    {"32-bit libc", {"/lib32/libc.so.6"}, As::root, Reach::other_architecture},
};

// The battery, whose programs are started. For the programs of services the loader is asked, which starts none.
std::vector<Candidate> candidates(const std::vector<std::string>& of_services) {
  std::vector<Candidate> all;
  for (const TrialProgram& program : programs) {
    if (::access(program.command[0], X_OK) != 0) continue;
    Candidate candidate{program.name, {}, program.as, program.reach};
    for (const char* word : program.command)
      if (word != nullptr) candidate.command.emplace_back(word);
    all.push_back(std::move(candidate));
  }
  for (const std::string& program : of_services)
    if (const std::string loader = read_elf(program).interpreter; !loader.empty())
      all.push_back({program, {loader, "--list", program}, As::root, Reach::preload});
  return all;
}

TrialResult judge(const Candidate& program, const TrialEnd& without, const TrialEnd& with) {
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

// The new file over the old one, for this process and its children alone. False where a process may have no mounts of
// its own: in a chroot, or while an image is built.
bool enter_namespace(const std::string& folder) {
  const std::string copy = folder + preload_path;
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  if (::access(preload_path, F_OK) == 0) {
    if (::mount(copy.c_str(), preload_path, nullptr, MS_BIND, nullptr) == 0) return true;
  } else {
    const std::string layers = fmt::format("lowerdir={}/etc:/etc", folder);
    if (::mount("overlay", "/etc", "overlay", MS_RDONLY, layers.c_str()) == 0) return true;
  }
  throw Failure(fmt::format("the trial cannot put its {} in place: {}; make an empty one (touch {}) and try again",
                            preload_path, std::strerror(errno), preload_path));
}

// Whether the library really comes in, as a process of neap's own tells.
TrialResult judge_effect(const std::string& neap, const Allocator& allocator, const std::string& preload) {
  const TrialEnd end = run_for_trial({neap, "probe"}, As::root, preload);
  const bool serves = end.status == 0 && end.output.find(allocator.library) != std::string::npos;
  return {"neap probe", serves,
          serves ? "" : fmt::format("{}; its malloc does not come from {}", describe(end), allocator.library)};
}

std::vector<TrialResult> run_all(const std::string& folder, const Allocator& allocator,
                                 const std::vector<std::string>& of_services) {
  const std::string neap = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::vector<Candidate> all = candidates(of_services);
  std::vector<TrialEnd> without;
  for (const Candidate& program : all) without.push_back(run_for_trial(program.command, program.as));
  const bool by_file = enter_namespace(folder);
  const std::string preload = by_file ? "" : allocator.library;
  std::vector<TrialResult> results{judge_effect(neap, allocator, preload)};
  if (!by_file) results[0].remark += "no mounts of its own here: by LD_PRELOAD, which reaches no setuid program";
  for (std::size_t at = 0; at < all.size(); ++at)
    results.push_back(judge(all[at], without[at], run_for_trial(all[at].command, all[at].as, preload)));
  return results;
}

// The results as they go through the pipe, one on each line: name, 0 or 1, and remark, separated by tabs. A line that
// begins with '!' is a failure.
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

std::vector<TrialResult> hold_trial(const std::string& preload, const std::string& folder, const Allocator& allocator,
                                    const std::vector<std::string>& of_services) {
  const std::string copy = folder + preload_path;
  for (const std::string& missing : missing_folders(copy)) make_folder_durably(missing);
  write_durably(copy, fresh_image(preload));
  int answer[2];
  if (::pipe2(answer, O_CLOEXEC) != 0) throw Failure(fmt::format("no pipe for the trial: {}", std::strerror(errno)));
  const pid_t pid = ::fork();  // the namespace goes away with the child
  if (pid == 0) {
    try {
      write_text(answer[1], as_lines(run_all(folder, allocator, of_services)));
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
  const TrialEnd end = run_for_trial({"/bin/sh", "-c", "/bin/true"}, As::root);
  return end.in_time && end.status == 0;
}

}  // namespace neap
