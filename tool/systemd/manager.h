// Manager: what neap asks of systemd. bus.cc speaks to a real one over its own socket; tests give one of their own.
// Names are full unit names. Every call throws Failure with systemd's own words when it refuses.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace neap {

// Those of a unit's settings that can keep a library from being loaded or from working.
struct Hardening {
  std::string root_directory, root_image, user, protect_home, apparmor_profile;
  std::vector<std::string> exec_paths, no_exec_paths, inaccessible_paths, temporary_file_systems, architectures;
  std::vector<std::pair<std::string, std::string>> bind_paths;  // of this file system, and where they lie in the unit's
  bool dynamic_user = false, private_tmp = false, no_new_privileges = false, deny_write_execute = false;
  bool system_calls_allowed = false;  // `system_calls` lists what may be called, not what must not
  std::vector<std::string> system_calls;
  std::int32_t system_call_errno = 0;        // answered to what is refused; 0: the process is killed
  std::uint64_t address_space = UINT64_MAX;  // LimitAS, bytes
};

// What changes while a unit lives.
struct UnitState {
  std::string active_state, sub_state, result;
  std::string invocation;      // another one for every start; empty before the first
  std::uint32_t restarts = 0;  // by systemd itself; a start by hand begins anew
  pid_t main_process = 0;
  std::string control_group;
  bool has_job = false, needs_reload = false;
};

struct UnitFacts : UnitState {
  std::string id, load_state;
  std::string fragment;
  std::vector<std::string> drop_ins;
  std::vector<std::string> environment;                         // NAME=value
  std::vector<std::pair<std::string, bool>> environment_files;  // path, and whether it may be missing
  std::vector<std::string> pass_environment, unset_environment;
  std::vector<std::string> programs;  // of ExecStart
  std::string type, kill_mode;
  std::vector<std::string> consists_of;                             // units that are started and stopped with this one
  std::uint64_t active_since_us = 0;                                // since 1970; 0: not active
  std::uint64_t memory_max = UINT64_MAX, memory_high = UINT64_MAX;  // bytes; UINT64_MAX: there is no limit
  Hardening hardening;
};

struct UnitProcess {
  pid_t pid = 0;
  std::string command;
};

// The few properties of a unit that change as it runs.
struct UnitVitals {
  std::string control_group, slice, active_state;
  std::uint32_t restarts = 0;         // by systemd itself
  std::uint64_t active_since_us = 0;  // since 1970; 0: not active
};

// A transient timer, which ends with a stop or with the boot: `NAME.timer` starts `NAME.service`.
struct TransientTimer {
  std::string name, description;
  std::vector<std::string> command;  // its path first
  std::uint64_t every_us = 0;
};

class Manager {
 public:
  virtual ~Manager() = default;
  // For a template ("tor@.service") systemd is asked about an instance that nobody has.
  virtual UnitFacts unit(const std::string& name) = 0;
  virtual UnitState state(const std::string& name) = 0;  // the same, and sooner told
  virtual std::vector<UnitProcess> processes(const std::string& name) = 0;
  virtual std::vector<std::string> running_services(const std::string& pattern) = 0;
  virtual std::vector<std::string> failed_services(const std::string& pattern) = 0;
  virtual std::vector<std::string> environment() = 0;  // what every service starts from
  virtual void reload() = 0;
  virtual void restart(const std::string& name) = 0;  // queues it and returns
  virtual void forget_failures(const std::string& name) = 0;
  virtual std::vector<std::string> loaded_services() = 0;  // those that failed or stopped too
  virtual UnitVitals vitals(const std::string& name) = 0;
  virtual void start_timer(const TransientTimer& timer) = 0;  // in place of one of that name
  virtual void stop(const std::string& name) = 0;             // queues it; nothing where there is no such unit
};

// What to write for a container image instead of a switch: the bare soname, which the loader finds in every image that
// has the library installed, whatever its architecture.
inline constexpr const char* dockerfile_line =
    "ENV LD_PRELOAD=libneap.so.0 (Compose: environment: {LD_PRELOAD: libneap.so.0})";

// Throws Failure when no systemd runs here, with what to do instead.
std::unique_ptr<Manager> connect_to_systemd();

// The systemd of the calling user's sessions.
std::unique_ptr<Manager> connect_to_own_systemd();

// Whether one runs at all (sd_booted).
bool systemd_runs_here();

}  // namespace neap
