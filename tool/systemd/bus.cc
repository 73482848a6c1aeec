// The Manager over sd-bus: systemd's private socket where we are root, the system bus for everybody else.
#include <fmt/format.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

#include "tool/model/failure.h"
#include "tool/systemd/manager.h"
#include "tool/systemd/properties.h"
#include "tool/systemd/transient_timer.h"
#include "tool/systemd/unit_facts.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

// An instance to ask about a template. No unit of this name exists, and asking makes none.
constexpr const char* nobodys_instance = "neap-asks";

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
  bool is_no_such_unit() const { return sd_bus_error_has_name(&error_, "org.freedesktop.systemd1.NoSuchUnit") != 0; }
  void raise(const std::string& what, int code) const {
    throw Failure(
        fmt::format("systemd: {}: {}", what, error_.message != nullptr ? error_.message : std::strerror(-code)));
  }

 private:
  sd_bus_error error_ = SD_BUS_ERROR_NULL;
};

class BusManager final : public Manager {
 public:
  explicit BusManager(sd_bus* bus) : bus_(bus) {}

  UnitFacts unit(const std::string& name) override;
  UnitState state(const std::string& name) override { return read_unit_state(bus_.get(), object_of(name)); }
  std::vector<UnitProcess> processes(const std::string& name) override;
  std::vector<std::string> running_services(const std::string& pattern) override {
    return services(pattern, "active", "activating");
  }
  std::vector<std::string> failed_services(const std::string& pattern) override { return services(pattern, "failed"); }
  std::vector<std::string> environment() override {
    std::vector<std::string> variables;
    Properties(bus_.get(), manager_path, manager_interface).read("Environment", variables);
    return variables;
  }
  void reload() override { call("daemon-reload", "Reload", ""); }
  void restart(const std::string& name) override {
    call("restart " + name, "RestartUnit", "ss", name.c_str(), "replace");
  }
  void start_timer(const TransientTimer& timer) override { start_transient_timer(bus_.get(), timer); }
  void stop(const std::string& name) override {
    call_for_unit("stop " + name, "StopUnit", "ss", name.c_str(), "replace");
  }
  void forget_failures(const std::string& name) override {
    call_for_unit("reset-failed", "ResetFailedUnit", "s", name.c_str());
  }
  std::vector<std::string> loaded_services() override;
  UnitVitals vitals(const std::string& name) override { return read_vitals(bus_.get(), object_of(name)); }

 private:
  template <class... Arguments>
  Reply call(const std::string& what, const char* method, const char* types, Arguments... arguments) {
    Reply reply = call_for_unit(what, method, types, arguments...);
    if (reply == nullptr) throw Failure(fmt::format("systemd: {}: there is no such unit", what));
    return reply;
  }

  // Null for a unit that systemd does not hold: one that ended, and whose failure was forgotten.
  template <class... Arguments>
  Reply call_for_unit(const std::string& what, const char* method, const char* types, Arguments... arguments) {
    CallError error;
    sd_bus_message* reply = nullptr;
    const int code = sd_bus_call_method(bus_.get(), systemd_name, manager_path, manager_interface, method, error.get(),
                                        &reply, types, arguments...);
    if (code < 0 && !error.is_no_such_unit()) error.raise(what, code);
    return Reply(reply);
  }

  std::string object_of(const std::string& name);
  // The names of units in that load state; without one, of all units.
  static std::vector<std::string> names_of(const Reply& list_of_units, std::string_view load_state = {});
  template <class... States>
  std::vector<std::string> services(const std::string& pattern, States... states) {
    return names_of(call("list of units", "ListUnitsByPatterns", "asas", static_cast<int>(sizeof...(states)), states...,
                         1, pattern.c_str()));
  }

  std::unique_ptr<sd_bus, BusDeleter> bus_;
};

std::string BusManager::object_of(const std::string& name) {
  const std::string asked = is_template(name) ? instance_of(name, nobodys_instance) : name;
  const Reply reply = call("unit " + name, "LoadUnit", "s", asked.c_str());
  const char* path = "";
  sd_bus_message_read(reply.get(), "o", &path);
  return path;
}

UnitFacts BusManager::unit(const std::string& name) {
  UnitFacts facts = read_unit_facts(bus_.get(), object_of(name));
  if (is_template(name)) facts.id = name;
  return facts;
}

std::vector<UnitProcess> BusManager::processes(const std::string& name) {
  const Reply reply = call_for_unit("processes of " + name, "GetUnitProcesses", "s", name.c_str());
  std::vector<UnitProcess> found;
  if (reply == nullptr || sd_bus_message_enter_container(reply.get(), 'a', "(sus)") < 0) return found;
  const char* group = nullptr;
  const char* command = nullptr;
  std::uint32_t pid = 0;
  while (sd_bus_message_read(reply.get(), "(sus)", &group, &pid, &command) > 0)
    found.push_back({static_cast<pid_t>(pid), command});
  return found;
}

std::vector<std::string> BusManager::names_of(const Reply& reply, std::string_view load_state) {
  std::vector<std::string> names;
  if (sd_bus_message_enter_container(reply.get(), 'a', "(ssssssouso)") < 0) return names;
  while (sd_bus_message_enter_container(reply.get(), 'r', "ssssssouso") > 0) {
    const char *name = nullptr, *about = nullptr, *loaded = nullptr;
    if (sd_bus_message_read(reply.get(), "sss", &name, &about, &loaded) > 0 &&
        (load_state.empty() || load_state == loaded))
      names.emplace_back(name);
    sd_bus_message_skip(reply.get(), "sssouso");
    sd_bus_message_exit_container(reply.get());
  }
  return names;
}

std::vector<std::string> BusManager::loaded_services() {
  return names_of(call("list of units", "ListUnitsByPatterns", "asas", 0, 1, "*.service"), "loaded");
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

std::unique_ptr<Manager> connect_to_own_systemd() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const std::string folder = runtime != nullptr ? runtime : fmt::format("/run/user/{}", ::geteuid());
  sd_bus* bus = nullptr;
  int code = sd_bus_new(&bus);
  if (code >= 0) code = sd_bus_set_address(bus, fmt::format("unix:path={}/systemd/private", folder).c_str());
  if (code >= 0) code = sd_bus_start(bus);
  std::unique_ptr<BusManager> manager = std::make_unique<BusManager>(bus);
  if (code < 0)
    throw UsageFailure(
        fmt::format("no systemd of yours runs ({}/systemd/private: {}); log in, or as root: loginctl enable-linger",
                    folder, std::strerror(-code)));
  return manager;
}

}  // namespace neap
