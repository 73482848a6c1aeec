#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "tool/allocators/resolve.h"
#include "tool/checks/machine_checks.h"
#include "tool/checks/program_checks.h"
#include "tool/commands/switching.h"
#include "tool/commands/verbs.h"
#include "tool/model/failure.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

constexpr int exit_obstacle = 1;

const char* word_of(Severity severity) {
  return severity == Severity::fine ? "ok" : severity == Severity::warning ? "warning" : "obstacle";
}

// A unit where systemd knows one of that name, else a program.
std::vector<Finding> check_named(const std::string& name, const Allocator& allocator, const Invocation& invocation) {
  if (name.find('/') == std::string::npos && systemd_runs_here()) {
    const Workplace workplace = open_workplace(Needs::systemd, invocation);
    const UnitFacts unit = workplace.manager->unit(service_name(name));
    if (unit.load_state == "loaded") return check_unit(unit, allocator);
  }
  try {
    return check_program(name, allocator);
  } catch (const Failure& failure) {
    if (failure.exit_code() != exit_not_found) throw;
    throw UsageFailure(fmt::format("'{}' is no service that systemd knows, and no program in PATH", name));
  }
}

void print_findings(const std::vector<Finding>& findings) {
  std::size_t widest = 0;
  for (const Finding& finding : findings) widest = std::max(widest, finding.subject.size());
  for (const Finding& finding : findings) {
    fmt::print("{:<8}  {:<{}}  {}\n", word_of(finding.severity), finding.subject, widest, finding.what);
    if (!finding.advice.empty()) fmt::print("{:<8}  {:<{}}  to do: {}\n", "", "", widest, finding.advice);
  }
}

int examine(const std::string& name, const std::string& written, const Invocation& invocation) {
  const Allocator allocator = resolve_allocator(written);
  std::vector<Finding> findings = check_machine(allocator);
  if (!name.empty())
    for (Finding& finding : check_named(name, allocator, invocation)) findings.push_back(std::move(finding));
  if (invocation.json) {
    nlohmann::json rows = nlohmann::json::array();
    for (const Finding& finding : findings)
      rows.push_back({{"severity", word_of(finding.severity)},
                      {"subject", finding.subject},
                      {"what", finding.what},
                      {"advice", finding.advice}});
    fmt::print("{}\n", rows.dump(2));
  } else {
    print_findings(findings);
  }
  return first_obstacle(findings) != nullptr ? exit_obstacle : exit_success;
}

}  // namespace

VerbBody define_doctor(CommandLine& command, const Invocation& invocation) {
  auto name = std::make_shared<std::string>();
  auto allocator = std::make_shared<std::string>("neap");
  command.add_option("TARGET", *name, "A service, or a program by name or path; without one: the machine alone");
  command.add_option("-a,--allocator", *allocator, "Name, preset or path of a .so").shows_default();
  command.footer("Exit code 1 when an obstacle was found.");
  return [name, allocator, &invocation] { return examine(*name, *allocator, invocation); };
}

}  // namespace neap
