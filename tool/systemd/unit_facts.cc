#include "tool/systemd/unit_facts.h"

#include <fmt/format.h>

namespace neap {
namespace {

constexpr const char* unit_interface = "org.freedesktop.systemd1.Unit";
constexpr std::int32_t largest_errno = 4095;
constexpr const char* service_interface = "org.freedesktop.systemd1.Service";

template <class Owner, class Member>
struct Row {
  const char* property;
  Member Owner::*member;
};

constexpr Row<UnitState, std::string> unit_states[] = {{"ActiveState", &UnitState::active_state},
                                                       {"SubState", &UnitState::sub_state}};
constexpr Row<UnitState, std::string> service_states[] = {{"Result", &UnitState::result},
                                                          {"ControlGroup", &UnitState::control_group}};
constexpr Row<UnitFacts, std::string> unit_texts[] = {
    {"Id", &UnitFacts::id}, {"LoadState", &UnitFacts::load_state}, {"FragmentPath", &UnitFacts::fragment}};
constexpr Row<UnitFacts, std::string> service_texts[] = {{"Type", &UnitFacts::type},
                                                         {"KillMode", &UnitFacts::kill_mode}};
constexpr Row<UnitFacts, std::vector<std::string>> service_lists[] = {
    {"Environment", &UnitFacts::environment},
    {"PassEnvironment", &UnitFacts::pass_environment},
    {"UnsetEnvironment", &UnitFacts::unset_environment}};

constexpr Row<Hardening, std::string> hardening_texts[] = {{"RootDirectory", &Hardening::root_directory},
                                                           {"RootImage", &Hardening::root_image},
                                                           {"User", &Hardening::user},
                                                           {"ProtectHome", &Hardening::protect_home}};
constexpr Row<Hardening, std::vector<std::string>> hardening_lists[] = {
    {"ExecPaths", &Hardening::exec_paths},
    {"NoExecPaths", &Hardening::no_exec_paths},
    {"InaccessiblePaths", &Hardening::inaccessible_paths},
    {"SystemCallArchitectures", &Hardening::architectures}};
constexpr Row<Hardening, bool> hardening_flags[] = {{"DynamicUser", &Hardening::dynamic_user},
                                                    {"PrivateTmp", &Hardening::private_tmp},
                                                    {"NoNewPrivileges", &Hardening::no_new_privileges},
                                                    {"MemoryDenyWriteExecute", &Hardening::deny_write_execute}};

template <class Owner, class Member, std::size_t count>
void read_all(const Properties& properties, const Row<Owner, Member> (&rows)[count], Owner& owner) {
  for (const auto& row : rows) properties.read(row.property, owner.*row.member);
}

bool has_job(const Properties& unit) {
  std::uint32_t job = 0;
  const char* path = nullptr;
  if (const Reply reply = unit.get("Job", "(uo)")) sd_bus_message_read(reply.get(), "(uo)", &job, &path);
  return job != 0;
}

std::string read_invocation(const Properties& unit) {
  const void* bytes = nullptr;
  std::size_t size = 0;
  std::string text;
  if (const Reply reply = unit.get("InvocationID", "ay"))
    if (sd_bus_message_read_array(reply.get(), 'y', &bytes, &size) > 0)
      for (std::size_t at = 0; at < size; ++at)
        text += fmt::format("{:02x}", static_cast<const std::uint8_t*>(bytes)[at]);
  return text;
}

// The order holds against what happens meanwhile: without a job, the states read after it are settled; the restarts
// read after an invocation are its own or those of a later one.
void read_state(const Properties& unit, const Properties& service, UnitState& state) {
  state.has_job = has_job(unit);
  state.invocation = read_invocation(unit);
  service.read("NRestarts", state.restarts);
  read_all(unit, unit_states, state);
  read_all(service, service_states, state);
  unit.read("NeedDaemonReload", state.needs_reload);
  std::uint32_t main = 0;
  service.read("MainPID", main);
  state.main_process = static_cast<pid_t>(main);
}

void read_environment_files(const Properties& service, UnitFacts& facts) {
  const Reply files = service.get("EnvironmentFiles", "a(sb)");
  if (!files || sd_bus_message_enter_container(files.get(), 'a', "(sb)") < 0) return;
  const char* file = nullptr;
  int may_be_missing = 0;
  while (sd_bus_message_read(files.get(), "(sb)", &file, &may_be_missing) > 0)
    facts.environment_files.emplace_back(file, may_be_missing != 0);
}

void read_programs(const Properties& service, UnitFacts& facts) {
  const Reply commands = service.get("ExecStart", "a(sasbttttuii)");
  if (!commands || sd_bus_message_enter_container(commands.get(), 'a', "(sasbttttuii)") < 0) return;
  while (sd_bus_message_enter_container(commands.get(), 'r', "sasbttttuii") > 0) {
    const char* program = nullptr;
    if (sd_bus_message_read(commands.get(), "s", &program) > 0) facts.programs.emplace_back(program);
    sd_bus_message_skip(commands.get(), "asbttttuii");
    sd_bus_message_exit_container(commands.get());
  }
}

void read_system_calls(const Properties& service, Hardening& found) {
  service.read("SystemCallErrorNumber", found.system_call_errno);
  if (found.system_call_errno > largest_errno) found.system_call_errno = 0;  // systemd's number for "kill"
  const Reply filter = service.get("SystemCallFilter", "(bas)");
  if (!filter || sd_bus_message_enter_container(filter.get(), 'r', "bas") < 0) return;
  int allowed = 0;
  sd_bus_message_read(filter.get(), "b", &allowed);
  found.system_calls_allowed = allowed != 0;
  found.system_calls = take_strings(filter.get());
}

void read_bind_paths(const Properties& service, const char* property, Hardening& found) {
  const Reply paths = service.get(property, "a(ssbt)");
  if (!paths || sd_bus_message_enter_container(paths.get(), 'a', "(ssbt)") < 0) return;
  const char *source = nullptr, *place = nullptr;
  int may_be_missing = 0;
  std::uint64_t flags = 0;
  while (sd_bus_message_read(paths.get(), "(ssbt)", &source, &place, &may_be_missing, &flags) > 0)
    found.bind_paths.emplace_back(source, place);
}

Hardening read_hardening(const Properties& service) {
  Hardening found;
  read_all(service, hardening_texts, found);
  read_all(service, hardening_lists, found);
  read_all(service, hardening_flags, found);
  read_system_calls(service, found);
  read_bind_paths(service, "BindPaths", found);
  read_bind_paths(service, "BindReadOnlyPaths", found);
  std::uint64_t limit = 0;
  service.read("LimitAS", limit);
  if (limit != 0) found.address_space = limit;
  int ignored = 0;
  const char* name = nullptr;
  if (const Reply profile = service.get("AppArmorProfile", "(bs)");
      profile && sd_bus_message_read(profile.get(), "(bs)", &ignored, &name) > 0)
    found.apparmor_profile = name;
  const char* options = nullptr;
  if (const Reply mounts = service.get("TemporaryFileSystem", "a(ss)");
      mounts && sd_bus_message_enter_container(mounts.get(), 'a', "(ss)") > 0)
    while (sd_bus_message_read(mounts.get(), "(ss)", &name, &options) > 0)
      found.temporary_file_systems.emplace_back(name);
  return found;
}

}  // namespace

UnitFacts read_unit_facts(sd_bus* bus, const std::string& object) {
  const Properties unit(bus, object, unit_interface), service(bus, object, service_interface);
  UnitFacts facts;
  read_state(unit, service, facts);
  read_all(unit, unit_texts, facts);
  unit.read("DropInPaths", facts.drop_ins);
  unit.read("ActiveEnterTimestamp", facts.active_since_us);
  read_all(service, service_texts, facts);
  unit.read("ConsistsOf", facts.consists_of);
  read_all(service, service_lists, facts);
  read_environment_files(service, facts);
  read_programs(service, facts);
  service.read("MemoryMax", facts.memory_max);
  service.read("MemoryHigh", facts.memory_high);
  facts.hardening = read_hardening(service);
  return facts;
}

UnitVitals read_vitals(sd_bus* bus, const std::string& object) {
  const Properties unit(bus, object, unit_interface), service(bus, object, service_interface);
  UnitVitals vitals;
  service.read("ControlGroup", vitals.control_group);
  service.read("Slice", vitals.slice);
  service.read("NRestarts", vitals.restarts);
  unit.read("ActiveEnterTimestamp", vitals.active_since_us);
  unit.read("ActiveState", vitals.active_state);
  return vitals;
}

UnitState read_unit_state(sd_bus* bus, const std::string& object) {
  UnitState state;
  read_state(Properties(bus, object, unit_interface), Properties(bus, object, service_interface), state);
  return state;
}

}  // namespace neap
