#include "tool/commands/telemetry_target.h"

#include <fmt/format.h>

#include "tool/model/failure.h"

namespace neap {

FoundProcess target_process(const std::string& target, const char* verb) {
  if (target.empty()) throw UsageFailure(fmt::format("name one process, program or unit: neap {} redis-server", verb));
  return find_processes(target).front();
}

std::optional<FoundTelemetry> telemetry_of(LiveProcess& space) {
  auto found = find_telemetry_in(space);
  if (found && found->values.served == 0) found.reset();
  return found;
}

}  // namespace neap
