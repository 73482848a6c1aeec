#include "tool/profile/symbols.h"

#include <cxxabi.h>
#include <elfutils/libdwfl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace neap {
namespace {

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// The name without the function's arguments and those of templates, so that it fits on a line.
std::string readable(const char* mangled) {
  int status = 0;
  char* plain = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
  std::string name = plain != nullptr && status == 0 ? plain : mangled;
  name.resize(std::min(name.find('@'), name.size()));  // a version: write@@GLIBC_2.2.5
  std::free(plain);
  std::string kept;
  int depth = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool arrow = i > 0 && (name[i - 1] == '-' || name.compare(i >= 8 ? i - 8 : 0, 8, "operator") == 0);
    if (name[i] == '<' && !arrow) ++depth;
    if (name[i] == '(' && depth == 0 && name.compare(i, 11, "(anonymous ") != 0) break;
    if (depth == 0) kept += name[i];
    if (name[i] == '>' && !arrow && depth > 0) --depth;
  }
  return kept.empty() ? name : kept;
}

}  // namespace

struct Symbols::Session {
  Dwfl_Callbacks callbacks{};
  char* debug_folders = nullptr;  // elfutils' own: beside the file, .debug, /usr/lib/debug
  Dwfl* dwfl = nullptr;
};

Symbols::Symbols(const std::vector<SampledModule>& modules, const std::string& root)
    : modules_(modules), session_(std::make_unique<Session>()) {
  session_->callbacks.find_elf = dwfl_build_id_find_elf;
  session_->callbacks.find_debuginfo = dwfl_standard_find_debuginfo;
  session_->callbacks.debuginfo_path = &session_->debug_folders;
  session_->dwfl = dwfl_begin(&session_->callbacks);
  dwfl_report_begin(session_->dwfl);
  for (const SampledModule& module : modules_)
    if (!module.path.empty())
      dwfl_report_elf(session_->dwfl, module.path.c_str(), (root + module.path).c_str(), -1, module.bias, true);
  dwfl_report_end(session_->dwfl, nullptr, nullptr);
}

Symbols::~Symbols() { dwfl_end(session_->dwfl); }

const std::string& Symbols::name(std::uint64_t return_address) {
  const auto known = known_.find(return_address);
  if (known != known_.end()) return known->second;
  return known_[return_address] = find(return_address - 1);  // inside of the call
}

std::string Symbols::source(std::uint64_t return_address) const {
  Dwfl_Line* const line = dwfl_getsrc(session_->dwfl, return_address - 1);
  int number = 0;
  const char* const file = line == nullptr ? nullptr : dwfl_lineinfo(line, nullptr, &number, nullptr, nullptr, nullptr);
  return file == nullptr ? "" : fmt::format("{}:{}", file_name(file), number);
}

std::string Symbols::find(std::uint64_t address) {
  if (Dwfl_Module* module = dwfl_addrmodule(session_->dwfl, address)) {
    GElf_Off offset = 0;
    GElf_Sym symbol{};
    const char* name = dwfl_module_addrinfo(module, address, &offset, &symbol, nullptr, nullptr, nullptr);
    if (name != nullptr && (symbol.st_size == 0 ? offset < 4096 : offset < symbol.st_size)) return readable(name);
  }
  for (const SampledModule& module : modules_)
    if (address >= module.start && address < module.end) {
      ++nameless_[module.path];
      return fmt::format("{}+{:#x}", file_name(module.path), address - module.bias);
    }
  return "?";
}

std::vector<std::string> Symbols::nameless() const {
  std::vector<std::pair<int, std::string>> counted;
  for (const auto& [path, count] : nameless_) counted.emplace_back(count, path);
  std::sort(counted.rbegin(), counted.rend());
  std::vector<std::string> paths;
  for (const auto& [count, path] : counted) paths.push_back(path);
  return paths;
}

}  // namespace neap
