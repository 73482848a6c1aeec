#include "tool/checks/memory_limit.h"

#include <gtest/gtest.h>

namespace neap {
namespace {

Allocator neap_with(const std::string& options) {
  Allocator allocator{"neap", "neap", "/usr/lib/libneap.so.0", {}};
  if (!options.empty()) allocator.environment.emplace_back("NEAP_OPTIONS", options);
  return allocator;
}

UnitFacts unit_with(std::uint64_t most, std::uint64_t high) {
  UnitFacts unit;
  unit.id = "nginx.service";
  unit.memory_max = most;
  unit.memory_high = high;
  return unit;
}

TEST(MemoryLimit, WithoutALimitNothingIsToBeSaid) {
  EXPECT_TRUE(check_memory_limit(unit_with(UINT64_MAX, UINT64_MAX), neap_with("")).empty());
}

TEST(MemoryLimit, ALimitedUnitIsOfferedTheSoftLimit) {
  const auto findings = check_memory_limit(unit_with(256u << 20, UINT64_MAX), neap_with("dirty_percent:1"));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::warning);
  EXPECT_EQ(findings[0].subject, "MemoryMax");
  EXPECT_EQ(findings[0].what, "nginx.service has 256 MiB");
  EXPECT_NE(findings[0].advice.find("--soft-limit"), std::string::npos);
}

TEST(MemoryLimit, TheLesserOfTheTwoIsNamed) {
  const auto findings = check_memory_limit(unit_with(256u << 20, 200u << 20), neap_with(""));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].subject, "MemoryHigh");
  EXPECT_EQ(findings[0].what, "nginx.service has 200 MiB");
}

TEST(MemoryLimit, WhoHeedsItIsToldSo) {
  const auto findings = check_memory_limit(unit_with(256u << 20, UINT64_MAX), neap_with("soft_limit:cgroup"));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::fine);
}

TEST(MemoryLimit, ASoftLimitWithoutOneIsWarnedOf) {
  const auto findings = check_memory_limit(unit_with(UINT64_MAX, UINT64_MAX), neap_with("soft_limit:cgroup"));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::warning);
}

TEST(MemoryLimit, OtherAllocatorsHaveNone) {
  EXPECT_TRUE(
      check_memory_limit(unit_with(256u << 20, UINT64_MAX), Allocator{"jemalloc", "jemalloc", "/x.so", {}}).empty());
}

}  // namespace
}  // namespace neap
