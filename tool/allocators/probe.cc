#include "tool/allocators/probe.h"

#include <fcntl.h>
#include <gnu/libc-version.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tool/allocators/environment.h"

namespace neap {
namespace {

// What the probe prints to `descriptor`, 1 or 2; its other output is dropped. Empty when the probe did not end well.
std::string answer_under(const Allocator& allocator, int descriptor) {
  const std::vector<std::string> environment = environment_to_measure(allocator);
  std::vector<char*> variables;
  for (const std::string& text : environment) variables.push_back(const_cast<char*>(text.c_str()));
  variables.push_back(nullptr);
  int output[2];
  if (::pipe2(output, O_CLOEXEC) != 0) return {};
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int nowhere = ::open("/dev/null", O_WRONLY);
    ::dup2(output[1], descriptor);
    ::dup2(nowhere, descriptor == STDOUT_FILENO ? STDERR_FILENO : STDOUT_FILENO);
    char name[] = "neap", verb[] = "probe";
    char* const arguments[] = {name, verb, nullptr};
    ::execve("/proc/self/exe", arguments, variables.data());
    ::_exit(127);
  }
  ::close(output[1]);
  std::string answer;
  std::array<char, 1024> buffer;
  ssize_t got = 0;
  while (pid > 0 && (got = ::read(output[0], buffer.data(), buffer.size())) > 0)
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  ::close(output[0]);
  int status = 0;
  if (pid > 0) ::waitpid(pid, &status, 0);
  return status == 0 ? answer : std::string();
}

// LLVM's version, from ".../lib/clang/14.0.6/lib/linux/libclang_rt.scudo..."; the library itself does not tell it.
std::string version_from_path(const std::string& path) {
  const std::string mark = "/clang/";
  const auto start = path.find(mark);
  if (start == std::string::npos) return {};
  return path.substr(start + mark.size(), path.find('/', start + mark.size()) - start - mark.size());
}

}  // namespace

std::vector<std::string> complaints_under(const Allocator& allocator) {
  std::istringstream answer(answer_under(allocator, STDERR_FILENO));
  std::vector<std::string> lines;
  for (std::string line; std::getline(answer, line);)
    for (const std::string_view mark : {"libneap: NEAP_OPTIONS: ", "<jemalloc>: ", "Scudo ERROR: "})
      if (line.starts_with(mark)) lines.push_back(line.substr(mark.size()));
  return lines;
}

void probe_allocator(AllocatorFacts& facts) {
  const auto answer = nlohmann::json::parse(answer_under(facts.allocator, STDOUT_FILENO), nullptr, false);
  if (!answer.is_object()) return;
  std::error_code ignored;
  const std::string served_from = answer.value("malloc", "");
  facts.loads =
      facts.allocator.library.empty() || std::filesystem::equivalent(served_from, facts.allocator.library, ignored);
  if (!facts.loads) return;
  facts.version = answer.value("version", "");
  if (facts.allocator.is_libc()) facts.version = ::gnu_get_libc_version();
  if (facts.version.empty()) facts.version = version_from_path(facts.allocator.library);
}

}  // namespace neap
