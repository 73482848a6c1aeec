// The whole system: /etc/ld.so.preload, and the list of programs that stay on libc. Every program that starts from then
// on loads the library, setuid ones too; so nothing is written before the trial passed, and the file goes away again at
// once when afterwards a shell does not start.
#pragma once
#include <string>
#include <vector>

#include "tool/service/unit_switch.h"

namespace neap {

inline constexpr const char* system_target = "system";
inline constexpr const char* except_path = "/etc/neap/except";

// Adds `exceptions`, names or paths of programs, to those that are there.
SwitchOutcome enable_system(const SwitchContext& context, const Allocator& allocator,
                            const std::vector<std::string>& exceptions, const UnitChecks& checks,
                            const SwitchOptions& options);
SwitchOutcome disable_system(const SwitchContext& context, const SwitchOptions& options);

}  // namespace neap
