// Runs inside a process that `neap allocators` started under one allocator: tells whose malloc answers, and its
// version.
#include <dlfcn.h>
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "tool/commands/verbs.h"

namespace neap {
namespace {

template <class Function>
Function find(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_DEFAULT, name));
}

std::string ask_version() {
  if (const auto neap = find<const char* (*)()>("neap_version")) return neap();
  if (const auto mimalloc = find<int (*)()>("mi_version")) {
    const int version = mimalloc();
    return version < 1000 ? fmt::format("{}.{}.{}", version / 100, version / 10 % 10, version % 10)
                          : fmt::format("{}.{}.{}", version / 1000, version / 100 % 10, version % 100);
  }
  if (const auto tcmalloc = find<const char* (*)(int*, int*, const char**)>("tc_version"))
    return tcmalloc(nullptr, nullptr, nullptr);
  if (const auto jemalloc = find<int (*)(const char*, void*, std::size_t*, void*, std::size_t)>("mallctl")) {
    const char* version = "";
    std::size_t size = sizeof version;
    if (jemalloc("version", &version, &size, nullptr, 0) == 0)
      return std::string(version).substr(0, std::string_view(version).find('-'));  // "5.3.0-0-g54eaed1d..."
  }
  return {};
}

std::string malloc_library() {
  Dl_info info{};
  void* address = ::dlsym(RTLD_DEFAULT, "malloc");
  return address != nullptr && ::dladdr(address, &info) != 0 && info.dli_fname != nullptr ? info.dli_fname : "";
}

}  // namespace

VerbBody define_probe(CommandLine&, const Invocation&) {
  return [] {
    const nlohmann::json answer{{"version", ask_version()}, {"malloc", malloc_library()}};
    fmt::print("{}\n", answer.dump());
    return 0;
  };
}

}  // namespace neap
