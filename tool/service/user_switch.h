// One's own: the variables of the next login session (environment.d), or a wrapper for a single program. No right is
// needed, nobody else is touched; the journal lies in the user's own state folder.
#pragma once
#include <string>

#include "tool/service/unit_switch.h"

namespace neap {

inline constexpr const char* session_target = "session";

// Folders of the calling user, from HOME and the XDG variables. Throws UsageFailure without a home.
std::string user_state_folder();
Scope own_scope();

SwitchOutcome enable_session(const SwitchContext& context, const Allocator& allocator, const SwitchOptions& options);
// `file`: the program's absolute path. The wrapper is ~/.local/bin/NAME.
SwitchOutcome enable_program(const SwitchContext& context, const std::string& file, const Allocator& allocator,
                             const SwitchOptions& options);

// `target`: session_target or the name of a program.
SwitchOutcome disable_user(const SwitchContext& context, const std::string& target, const SwitchOptions& options);

}  // namespace neap
