#include "tool/allocators/checker.h"

#include <fmt/format.h>

#include "format/misuse_log.h"
#include "tool/allocators/resolve.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

constexpr const char* checker_file = "libneap-misuse.so";

std::string left_out(const CheckerOptions& options) {
  std::string names;
  if (!options.leaks) names = misuse::kLeavesLeaks;
  if (!options.mismatches) names += (names.empty() ? "" : ",") + std::string(misuse::kLeavesMismatches);
  return names;
}

}  // namespace

Allocator resolve_checked(const std::string& written, const CheckerOptions& options, const std::string& log) {
  const auto colon = written.find(':');
  const std::string settings = colon == std::string::npos ? "" : written.substr(colon);
  if (written.substr(0, colon) != "neap")
    throw UsageFailure(fmt::format("--find-misuse goes with the allocator neap by its name, not with {}", written));
  Allocator allocator = resolve_allocator("neap:hardened=1" + settings);
  allocator.checker = find_own_file(checker_file);
  if (allocator.checker.empty())
    throw Failure(fmt::format("{} is missing beside neap; install or build neap anew", checker_file));
  allocator.environment.emplace_back(misuse::kLogVariable, log.empty() ? "stderr" : log);
  const std::string leaves = left_out(options);
  if (!leaves.empty()) allocator.environment.emplace_back(misuse::kLeavesVariable, leaves);
  return allocator;
}

}  // namespace neap
