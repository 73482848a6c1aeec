#include "meter.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>

namespace neap::replay {
namespace {

double process_cpu_s() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::uint64_t minor_faults_now() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_minflt);
}

// The value in bytes of a line such as "Anonymous:       1234 kB"; 0 when there is none.
std::uint64_t field_bytes(const char* text, const char* name) {
  const char* at = strstr(text, name);
  if (at == nullptr) return 0;
  at += strlen(name);
  std::uint64_t kib = 0;
  while (*at == ' ' || *at == '\t') at++;
  while (*at >= '0' && *at <= '9') kib = kib * 10 + static_cast<std::uint64_t>(*at++ - '0');
  return kib * 1024;
}

}  // namespace

const char* Meter::open() {
  rollup_ = ::open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
  if (rollup_ < 0) return "/proc/self/smaps_rollup cannot be opened (Linux 4.14 or later is needed)";
  held_bytes();
  return nullptr;
}

void Meter::set_baseline() {
  baseline_bytes_ = held_bytes();
  faults_start_ = minor_faults_now();
  cpu_start_s_ = process_cpu_s();
}

void Meter::begin_harness() {
  harness_start_s_ = process_cpu_s();
  harness_faults_start_ = minor_faults_now();
}

void Meter::end_harness() {
  harness_faults_ += minor_faults_now() - harness_faults_start_;
  harness_s_ += process_cpu_s() - harness_start_s_;
}

std::uint64_t Meter::held_bytes() {
  char text[4096];
  lseek(rollup_, 0, SEEK_SET);
  const ssize_t n = read(rollup_, text, sizeof text - 1);
  if (n <= 0) return 0;
  text[n] = 0;
  return field_bytes(text, "\nAnonymous:") + field_bytes(text, "\nSwap:");
}

std::uint64_t Meter::resident_bytes() {
  const std::uint64_t held = held_bytes();
  return held > baseline_bytes_ ? held - baseline_bytes_ : 0;
}

void Meter::stop() {
  cost_ = {process_cpu_s() - cpu_start_s_ - harness_s_, harness_s_,
           minor_faults_now() - faults_start_ - harness_faults_};
}

}  // namespace neap::replay
