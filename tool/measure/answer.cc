#include "tool/measure/answer.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <sstream>

#include "tool/measure/child.h"
#include "tool/measure/process_reader.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

std::string find_program(const std::string& name, const std::string& wanted_for) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (std::string file = folder + "/" + name; ::access(file.c_str(), X_OK) == 0) return file;
  throw Failure(fmt::format("{} was not found in PATH: {}", name, wanted_for));
}

std::string content_of(const File& file) {
  std::string text;
  std::array<char, 65536> buffer;
  for (ssize_t got = 0; (got = ::pread(file.get(), buffer.data(), buffer.size(), static_cast<off_t>(text.size()))) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(got));
  return text;
}

}  // namespace

Answer ask_program(const std::vector<std::string>& arguments, const std::string& wanted_for) {
  const File output(::memfd_create("answer", 0));
  ChildOptions options;
  options.output_file = fmt::format("/proc/self/fd/{}", output.get());
  const pid_t child = start_child(find_program(arguments.front(), wanted_for), arguments, own_environment(), options);
  const auto end = wait_child(child);
  return {end->exit_code, content_of(output)};
}

}  // namespace neap
