#include "tests/tool/checks/apparmor_compiled.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace neap {
namespace {

constexpr const char* find_compiler = "command -v apparmor_parser >/dev/null 2>&1";
// Neither the kernel nor a cache is touched; the features are those that Debian 12 names in its profiles.
constexpr const char* compile = "apparmor_parser --skip-kernel-load --skip-cache --quiet --dump=dfa-states";
constexpr unsigned long read_bit = 0x4, map_bit = 0x40;  // of files that are somebody else's: 14 bits further

std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("no pipe");
  std::string text;
  std::array<char, 4096> buffer;
  for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    text.append(buffer.data(), got);
  if (::pclose(pipe) != 0) throw std::runtime_error(text);
  return text;
}

int number_after(const std::string& line, const std::string& mark) {
  return std::atoi(line.c_str() + line.find(mark) + mark.size());
}

}  // namespace

bool has_apparmor_compiler() { return std::system(find_compiler) == 0; }

CompiledProfile::CompiledProfile(const std::string& base, const std::string& file) {
  const std::string features = " --kernel-features=" + base + "/abi/3.0 --policy-features=" + base + "/abi/3.0";
  std::istringstream lines(output_of(compile + features + " --base=" + base + " " + base + "/" + file + " 2>&1"));
  // The states that grant something, a blank line, those with steps, a blank line; rules of other kinds follow
  // likewise.
  int blanks = 0;
  for (std::string line; blanks < 2 && std::getline(lines, line);) {
    if (line.empty()) ++blanks;
    if (line.starts_with('{')) read_state(line);
    if (line.starts_with(' ')) read_step(line);
  }
  if (blanks < 2) throw std::runtime_error("the compiler shows no states of " + file);
}

// "{7} (0x 110044/0/0/0)": allowed, denied, and two more; "{7} perms: none".
void CompiledProfile::read_state(const std::string& line) {
  current_ = static_cast<std::size_t>(number_after(line, "{"));
  states_.resize(std::max(states_.size(), current_ + 1));
  const auto hex = line.find("(0x ");
  if (hex == std::string::npos) return;
  char* rest = nullptr;
  const unsigned long allowed = std::strtoul(line.c_str() + hex + 4, &rest, 16);
  states_[current_].rights = allowed & ~std::strtoul(rest + 1, nullptr, 16);
}

// "    l 0x6c -> {3}", or last "    [^\x0/] -> {4}": every letter that has no step yet and is not between the brackets.
void CompiledProfile::read_step(const std::string& line) {
  auto& next = states_[current_].next;
  const int to = number_after(line, "-> {");
  const auto arrow = line.find(" -> ");
  if (line.compare(4, 1, "[") != 0 || line.find("] -> ") == std::string::npos) {
    next[std::strtoul(line.c_str() + line.rfind("0x", arrow), nullptr, 16) & 0xff] = to;
    return;
  }
  std::string excepted = line.substr(5, arrow - 6);
  if (const auto zero = excepted.find("\\x0"); zero != std::string::npos) excepted.erase(zero, 3);
  for (std::size_t letter = 1; letter < next.size(); ++letter)
    if (next[letter] == 0 && excepted.find(static_cast<char>(letter)) == std::string::npos) next[letter] = to;
}

bool CompiledProfile::grants(const std::string& path, char right) const {
  std::size_t state = 1;
  for (const char letter : path) {
    state = static_cast<std::size_t>(states_[state].next[static_cast<unsigned char>(letter)]);
    if (state == 0 || state >= states_.size()) return false;
  }
  const unsigned long bit = right == 'm' ? map_bit : read_bit;
  return (states_[state].rights & bit << 14) != 0;
}

}  // namespace neap
