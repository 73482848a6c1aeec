// A systemd that is none: it answers, over the socket that root's systemd has, what neap asks about units.
//   fake_systemd SOCKET UNITS      UNITS: a file of lines "NAME PID", read for each question; PID 0: does not run
// A process for each connection, which ends with it. Prints a line when it listens.
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <string>

namespace {

constexpr const char* manager = "/org/freedesktop/systemd1";
constexpr const char* units_path = "/org/freedesktop/systemd1/unit";

std::map<std::string, unsigned> units_in(const char* file) {
  std::map<std::string, unsigned> units;
  std::ifstream lines(file);
  std::string name;
  for (unsigned pid = 0; lines >> name >> pid;) units[name] = pid;
  return units;
}

std::map<std::string, unsigned> units_of(void* file) { return units_in(static_cast<const char*>(file)); }

unsigned process_of(void* file, const char* path) {
  char* name = nullptr;
  if (sd_bus_path_decode(path, units_path, &name) <= 0) return 0;
  const unsigned pid = units_of(file)[name];
  std::free(name);
  return pid;
}

int load_unit(sd_bus_message* call, void*, sd_bus_error*) {
  const char* name = nullptr;
  sd_bus_message_read(call, "s", &name);
  char* path = nullptr;
  sd_bus_path_encode(units_path, name, &path);
  const int code = sd_bus_reply_method_return(call, "o", path);
  std::free(path);
  return code;
}

int list_units(sd_bus_message* call, void* file, sd_bus_error*) {
  sd_bus_message* reply = nullptr;
  sd_bus_message_new_method_return(call, &reply);
  sd_bus_message_open_container(reply, 'a', "(ssssssouso)");
  for (const auto& [name, pid] : units_of(file))
    sd_bus_message_append(reply, "(ssssssouso)", name.c_str(), "a relay", "loaded", pid == 0 ? "inactive" : "active",
                          pid == 0 ? "dead" : "running", "", units_path, 0, "", units_path);
  sd_bus_message_close_container(reply);
  const int code = sd_bus_send(nullptr, reply, nullptr);
  sd_bus_message_unref(reply);
  return code;
}

int list_processes(sd_bus_message* call, void* file, sd_bus_error*) {
  const char* name = nullptr;
  sd_bus_message_read(call, "s", &name);
  const unsigned pid = units_of(file)[name];
  return pid == 0 ? sd_bus_reply_method_return(call, "a(sus)", 0)
                  : sd_bus_reply_method_return(call, "a(sus)", 1, "/", pid, "a relay");
}

int active_state(sd_bus*, const char* path, const char*, const char*, sd_bus_message* reply, void* file,
                 sd_bus_error*) {
  return sd_bus_message_append(reply, "s", process_of(file, path) == 0 ? "inactive" : "active");
}

int main_process(sd_bus*, const char* path, const char*, const char*, sd_bus_message* reply, void* file,
                 sd_bus_error*) {
  return sd_bus_message_append(reply, "u", process_of(file, path));
}

constexpr std::uint64_t anybody = SD_BUS_VTABLE_UNPRIVILEGED;
const sd_bus_vtable of_manager[] = {SD_BUS_VTABLE_START(0), SD_BUS_METHOD("LoadUnit", "s", "o", load_unit, anybody),
                                    SD_BUS_METHOD("ListUnitsByPatterns", "asas", "a(ssssssouso)", list_units, anybody),
                                    SD_BUS_METHOD("GetUnitProcesses", "s", "a(sus)", list_processes, anybody),
                                    SD_BUS_VTABLE_END};
const sd_bus_vtable of_unit[] = {SD_BUS_VTABLE_START(0), SD_BUS_PROPERTY("ActiveState", "s", active_state, 0, 0),
                                 SD_BUS_VTABLE_END};
const sd_bus_vtable of_service[] = {SD_BUS_VTABLE_START(0), SD_BUS_PROPERTY("MainPID", "u", main_process, 0, 0),
                                    SD_BUS_VTABLE_END};

int is_there(sd_bus*, const char*, const char*, void* file, void** found, sd_bus_error*) {
  *found = file;
  return 1;
}

void serve(int connection, char* file) {
  sd_bus* bus = nullptr;
  sd_id128_t id;
  sd_id128_randomize(&id);
  sd_bus_new(&bus);
  sd_bus_set_fd(bus, connection, connection);
  sd_bus_set_server(bus, 1, id);
  sd_bus_set_trusted(bus, 1);
  sd_bus_add_object_vtable(bus, nullptr, manager, "org.freedesktop.systemd1.Manager", of_manager, file);
  sd_bus_add_fallback_vtable(bus, nullptr, units_path, "org.freedesktop.systemd1.Unit", of_unit, is_there, file);
  sd_bus_add_fallback_vtable(bus, nullptr, units_path, "org.freedesktop.systemd1.Service", of_service, is_there, file);
  if (sd_bus_start(bus) < 0) return;
  while (sd_bus_process(bus, nullptr) >= 0 && sd_bus_wait(bus, UINT64_MAX) >= 0) continue;
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) return 2;
  sockaddr_un address{AF_UNIX, {}};
  std::strncpy(address.sun_path, words[1], sizeof address.sun_path - 1);
  const int listening = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listening, 8) != 0) {
    std::perror("fake_systemd");
    return 1;
  }
  std::signal(SIGCHLD, SIG_IGN);
  std::puts("listening");
  std::fflush(stdout);
  for (;;) {
    const int connection = ::accept(listening, nullptr, nullptr);
    if (connection < 0 || ::fork() != 0) {
      ::close(connection);
      continue;
    }
    serve(connection, words[2]);
    ::_exit(0);
  }
}
