#include "tool/service/probation.h"

#include <memory>

#include "tool/commands/switching.h"
#include "tool/commands/verbs.h"
#include "tool/model/failure.h"
#include "tool/systemd/unit_name.h"

namespace neap {

VerbBody define_probation(CommandLine& command, const Invocation& invocation) {
  auto unit = std::make_shared<std::string>();
  command.add_option("UNIT", *unit, "A service that neap enable --probation switched").required();
  return [unit, &invocation] {
    const Workplace workplace = open_workplace(Needs::systemd, invocation);
    const auto lock = lock_unless_dry(workplace.context, SwitchOptions{});
    look_at_probation(workplace.context, service_name(*unit));
    return exit_success;
  };
}

}  // namespace neap
