// The Manager over sd-bus: systemd's private socket where we are root, the system bus for everybody else.
#include <fmt/format.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cstring>

#include "tool/model/failure.h"
#include "tool/systemd/manager.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

constexpr const char* destination = "org.freedesktop.systemd1";
constexpr const char* manager_path = "/org/freedesktop/systemd1";
constexpr const char* manager_interface = "org.freedesktop.systemd1.Manager";
constexpr const char* unit_interface = "org.freedesktop.systemd1.Unit";
constexpr const char* service_interface = "org.freedesktop.systemd1.Service";
// An instance to ask about a template. No unit of this name exists, and asking makes none.
constexpr const char* nobodys_instance = "neap-asks";

struct ReplyDeleter {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Reply = std::unique_ptr<sd_bus_message, ReplyDeleter>;

struct BusDeleter {
  void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
};

class CallError {
 public:
  CallError() = default;
  CallError(const CallError&) = delete;
  CallError& operator=(const CallError&) = delete;
  ~CallError() { sd_bus_error_free(&error_); }
  sd_bus_error* get() { return &error_; }
  void raise(const std::string& what, int code) const {
    throw Failure(
        fmt::format("systemd: {}: {}", what, error_.message != nullptr ? error_.message : std::strerror(-code)));
  }

 private:
  sd_bus_error error_ = SD_BUS_ERROR_NULL;
};

std::vector<std::string> take_strings(sd_bus_message* message) {
  std::vector<std::string> strings;
  const char* text = nullptr;
  if (sd_bus_message_enter_container(message, 'a', "s") < 0) return strings;
  while (sd_bus_message_read(message, "s", &text) > 0) strings.emplace_back(text);
  sd_bus_message_exit_container(message);
  return strings;
}

class BusManager final : public Manager {
 public:
  explicit BusManager(sd_bus* bus) : bus_(bus) {}

  UnitFacts unit(const std::string& name) override;
  std::vector<UnitProcess> processes(const std::string& name) override;
  std::vector<std::string> running_services(const std::string& pattern) override;
  std::vector<std::string> environment() override { return strings(manager_path, manager_interface, "Environment"); }
  void reload() override { call("daemon-reload", "Reload", ""); }
  void restart(const std::string& name) override {
    call("restart " + name, "RestartUnit", "ss", name.c_str(), "replace");
  }
  void forget_failures(const std::string& name) override { call("reset-failed", "ResetFailedUnit", "s", name.c_str()); }

 private:
  template <class... Arguments>
  Reply call(const std::string& what, const char* method, const char* types, Arguments... arguments) {
    CallError error;
    sd_bus_message* reply = nullptr;
    const int code = sd_bus_call_method(bus_.get(), destination, manager_path, manager_interface, method, error.get(),
                                        &reply, types, arguments...);
    if (code < 0) error.raise(what, code);
    return Reply(reply);
  }

  // A property that this systemd does not have reads as empty.
  Reply property(const std::string& path, const char* interface, const char* name, const char* type) {
    sd_bus_message* reply = nullptr;
    const int code = sd_bus_get_property(bus_.get(), destination, path.c_str(), interface, name, nullptr, &reply, type);
    return code < 0 ? nullptr : Reply(reply);
  }
  std::string text(const std::string& path, const char* interface, const char* name) {
    const char* value = "";
    const Reply reply = property(path, interface, name, "s");
    if (reply) sd_bus_message_read(reply.get(), "s", &value);
    return value;
  }
  std::vector<std::string> strings(const std::string& path, const char* interface, const char* name) {
    const Reply reply = property(path, interface, name, "as");
    return reply ? take_strings(reply.get()) : std::vector<std::string>();
  }
  template <class Number>
  Number number(const std::string& path, const char* interface, const char* name, const char* type) {
    Number value{};
    const Reply reply = property(path, interface, name, type);
    if (reply) sd_bus_message_read_basic(reply.get(), type[0], &value);
    return value;
  }
  bool flag(const std::string& path, const char* interface, const char* name) {
    return number<int>(path, interface, name, "b") != 0;
  }

  std::string object_of(const std::string& name);
  void read_environment(const std::string& path, UnitFacts& facts);
  void read_programs(const std::string& path, UnitFacts& facts);
  Hardening read_hardening(const std::string& path);

  std::unique_ptr<sd_bus, BusDeleter> bus_;
};

std::string BusManager::object_of(const std::string& name) {
  const std::string asked = is_template(name) ? instance_of(name, nobodys_instance) : name;
  const Reply reply = call("unit " + name, "LoadUnit", "s", asked.c_str());
  const char* path = "";
  sd_bus_message_read(reply.get(), "o", &path);
  return path;
}

void BusManager::read_environment(const std::string& path, UnitFacts& facts) {
  facts.environment = strings(path, service_interface, "Environment");
  facts.pass_environment = strings(path, service_interface, "PassEnvironment");
  facts.unset_environment = strings(path, service_interface, "UnsetEnvironment");
  const Reply files = property(path, service_interface, "EnvironmentFiles", "a(sb)");
  if (!files || sd_bus_message_enter_container(files.get(), 'a', "(sb)") < 0) return;
  const char* file = nullptr;
  int may_be_missing = 0;
  while (sd_bus_message_read(files.get(), "(sb)", &file, &may_be_missing) > 0)
    facts.environment_files.emplace_back(file, may_be_missing != 0);
}

void BusManager::read_programs(const std::string& path, UnitFacts& facts) {
  const Reply commands = property(path, service_interface, "ExecStart", "a(sasbttttuii)");
  if (!commands || sd_bus_message_enter_container(commands.get(), 'a', "(sasbttttuii)") < 0) return;
  while (sd_bus_message_enter_container(commands.get(), 'r', "sasbttttuii") > 0) {
    const char* program = nullptr;
    if (sd_bus_message_read(commands.get(), "s", &program) > 0) facts.programs.emplace_back(program);
    sd_bus_message_skip(commands.get(), "asbttttuii");
    sd_bus_message_exit_container(commands.get());
  }
}

Hardening BusManager::read_hardening(const std::string& path) {
  Hardening found;
  found.root_directory = text(path, service_interface, "RootDirectory");
  found.root_image = text(path, service_interface, "RootImage");
  found.user = text(path, service_interface, "User");
  found.protect_home = text(path, service_interface, "ProtectHome");
  found.exec_paths = strings(path, service_interface, "ExecPaths");
  found.no_exec_paths = strings(path, service_interface, "NoExecPaths");
  found.inaccessible_paths = strings(path, service_interface, "InaccessiblePaths");
  found.architectures = strings(path, service_interface, "SystemCallArchitectures");
  found.dynamic_user = flag(path, service_interface, "DynamicUser");
  found.private_tmp = flag(path, service_interface, "PrivateTmp");
  found.no_new_privileges = flag(path, service_interface, "NoNewPrivileges");
  found.deny_write_execute = flag(path, service_interface, "MemoryDenyWriteExecute");
  found.system_call_errno = number<std::int32_t>(path, service_interface, "SystemCallErrorNumber", "i");
  if (const auto limit = number<std::uint64_t>(path, service_interface, "LimitAS", "t"); limit != 0)
    found.address_space = limit;
  const char* name = nullptr;
  const char* options = nullptr;
  int set = 0;
  if (const Reply profile = property(path, service_interface, "AppArmorProfile", "(bs)");
      profile && sd_bus_message_read(profile.get(), "(bs)", &set, &name) > 0)
    found.apparmor_profile = name;
  if (const Reply filter = property(path, service_interface, "SystemCallFilter", "(bas)");
      filter && sd_bus_message_enter_container(filter.get(), 'r', "bas") > 0) {
    sd_bus_message_read(filter.get(), "b", &set);
    found.system_calls_allowed = set != 0;
    found.system_calls = take_strings(filter.get());
  }
  if (const Reply mounts = property(path, service_interface, "TemporaryFileSystem", "a(ss)");
      mounts && sd_bus_message_enter_container(mounts.get(), 'a', "(ss)") > 0)
    while (sd_bus_message_read(mounts.get(), "(ss)", &name, &options) > 0)
      found.temporary_file_systems.emplace_back(name);
  return found;
}

UnitFacts BusManager::unit(const std::string& name) {
  const std::string path = object_of(name);
  UnitFacts facts;
  // The job first: without one, the states read after it are settled.
  std::uint32_t job = 0;
  const char* job_path = nullptr;
  if (const Reply reply = property(path, unit_interface, "Job", "(uo)"))
    sd_bus_message_read(reply.get(), "(uo)", &job, &job_path);
  facts.has_job = job != 0;
  facts.id = is_template(name) ? name : text(path, unit_interface, "Id");
  facts.load_state = text(path, unit_interface, "LoadState");
  facts.active_state = text(path, unit_interface, "ActiveState");
  facts.sub_state = text(path, unit_interface, "SubState");
  facts.fragment = text(path, unit_interface, "FragmentPath");
  facts.drop_ins = strings(path, unit_interface, "DropInPaths");
  facts.needs_reload = flag(path, unit_interface, "NeedDaemonReload");
  facts.active_since_us = number<std::uint64_t>(path, unit_interface, "ActiveEnterTimestamp", "t");
  facts.result = text(path, service_interface, "Result");
  facts.type = text(path, service_interface, "Type");
  facts.restarts = number<std::uint32_t>(path, service_interface, "NRestarts", "u");
  read_environment(path, facts);
  read_programs(path, facts);
  facts.hardening = read_hardening(path);
  return facts;
}

std::vector<UnitProcess> BusManager::processes(const std::string& name) {
  const Reply reply = call("processes of " + name, "GetUnitProcesses", "s", name.c_str());
  std::vector<UnitProcess> found;
  if (sd_bus_message_enter_container(reply.get(), 'a', "(sus)") < 0) return found;
  const char* group = nullptr;
  const char* command = nullptr;
  std::uint32_t pid = 0;
  while (sd_bus_message_read(reply.get(), "(sus)", &group, &pid, &command) > 0)
    found.push_back({static_cast<pid_t>(pid), command});
  return found;
}

std::vector<std::string> BusManager::running_services(const std::string& pattern) {
  Reply reply = call("list of units", "ListUnitsByPatterns", "asas", 2, "active", "activating", 1, pattern.c_str());
  std::vector<std::string> names;
  if (sd_bus_message_enter_container(reply.get(), 'a', "(ssssssouso)") < 0) return names;
  while (sd_bus_message_enter_container(reply.get(), 'r', "ssssssouso") > 0) {
    const char* name = nullptr;
    if (sd_bus_message_read(reply.get(), "s", &name) > 0) names.emplace_back(name);
    sd_bus_message_skip(reply.get(), "sssssouso");
    sd_bus_message_exit_container(reply.get());
  }
  return names;
}

}  // namespace

bool systemd_runs_here() { return sd_booted() > 0; }

std::unique_ptr<Manager> connect_to_systemd() {
  if (!systemd_runs_here())
    throw UsageFailure(fmt::format("no systemd runs here. In a container image, say it in the Dockerfile instead: {}",
                                   dockerfile_line));
  sd_bus* bus = nullptr;
  int code = -1;
  if (::geteuid() == 0 && (code = sd_bus_new(&bus)) >= 0) {
    if ((code = sd_bus_set_address(bus, "unix:path=/run/systemd/private")) >= 0) code = sd_bus_start(bus);
    if (code < 0) bus = sd_bus_unref(bus);
  }
  if (bus == nullptr) code = sd_bus_open_system(&bus);
  if (code < 0) throw Failure(fmt::format("cannot reach systemd: {}; run it as root", std::strerror(-code)));
  return std::make_unique<BusManager>(bus);
}

}  // namespace neap
