// What the verbs that switch services share: the context they work in, and the checks before a switch.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "tool/arguments/verb.h"
#include "tool/change/lock.h"
#include "tool/service/unit_switch.h"

namespace neap {

// The connection to systemd lives as long as this.
struct Workplace {
  std::unique_ptr<Manager> manager;  // null where no systemd runs and none is needed
  SwitchContext context;
};

enum class Needs { systemd, files };

// With `files` a machine without a systemd is fine: a rescue shell, a chroot.
Workplace open_workplace(Needs needs, const Invocation& invocation);

// Held while a change is made; none for a dry run.
std::unique_ptr<Lock> lock_unless_dry(const SwitchContext& context, const SwitchOptions& options);

// --wait: how long another neap is waited for.
void add_wait_option(CommandLine& command, SwitchOptions& options);

// Of the calling user alone, the journal in the user's own state folder: without a systemd for sessions and wrappers,
// with one's own for units.
SwitchContext user_context(const Invocation& invocation);
Workplace open_own_workplace(Needs needs, const Invocation& invocation);
// Whether the calling user has switched anything of their own.
bool has_own_switches();
bool is_name_of_unit(const std::string& name);  // "x.service", "x@": anything else is a program to --user
// The step, its failures telling what to type for one's own units.
SwitchOutcome in_scope(const SwitchContext& context, const std::function<SwitchOutcome()>& step);

// The allocator as the unit's program needs it: `libc` is a library only for what links another malloc.
Allocator fitted_to_unit(const Allocator& allocator, const UnitFacts& unit);

// Everything known about a unit before its switch: sandboxing, AppArmor, its programs.
std::vector<Finding> check_unit(const UnitFacts& unit, const Allocator& allocator);

}  // namespace neap
