#include "job.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace neap::bench {

void Facts::add(const char* name, double value) {
  if (count_ < std::size(facts_)) facts_[count_++] = {name, value};
}

void Facts::print() const {
  std::printf("{");
  for (std::size_t i = 0; i < count_; ++i)
    std::printf("%s\"%s\": %.10g", i == 0 ? "" : ", ", facts_[i].name, facts_[i].value);
  std::printf("}\n");
}

std::uint64_t anonymous_bytes() {
  char text[4096];
  const int file = ::open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t length = ::read(file, text, sizeof text - 1);
  ::close(file);
  text[std::max<ssize_t>(length, 0)] = 0;
  const char* at = std::strstr(text, "\nAnonymous:");
  std::uint64_t kib = 0;
  if (at == nullptr) return 0;
  for (at += std::strlen("\nAnonymous:"); *at == ' '; ++at) continue;
  for (; *at >= '0' && *at <= '9'; ++at) kib = kib * 10 + static_cast<std::uint64_t>(*at - '0');
  return kib * 1024;
}

std::uint64_t resident_bytes(const Sheet& sheet) {
  const std::uint64_t baseline = sheet.baseline_bytes.load();
  return std::max(anonymous_bytes(), baseline) - baseline;
}

double resident_per_live(const Sheet& sheet) {
  const std::int64_t live = sheet.live_bytes();
  return live > 0 ? static_cast<double>(resident_bytes(sheet)) / static_cast<double>(live) : 0;
}

void begin(Job& job) {
  anonymous_bytes();  // its own stack pages
  job.sheet.baseline_bytes.store(anonymous_bytes());
  job.sheet.stage.store(Stage::running);
}

}  // namespace neap::bench
