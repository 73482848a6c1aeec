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
  auto own = std::make_shared<bool>(false);
  command.add_flag("--user", *own, "One of your own");
  return [unit, own, &invocation] {
    const Workplace workplace =
        *own ? open_own_workplace(Needs::systemd, invocation) : open_workplace(Needs::systemd, invocation);
    const auto lock = lock_unless_dry(workplace.context, SwitchOptions{});
    look_at_probation(workplace.context, service_name(*unit));
    return exit_success;
  };
}

}  // namespace neap
