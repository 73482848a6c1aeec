#include "tool/systemd/transient_timer.h"

#include <fmt/format.h>

#include <cstring>

#include "tool/model/failure.h"
#include "tool/systemd/properties.h"

namespace neap {
namespace {

// Appends until a first failure, which it keeps.
class Writer {
 public:
  explicit Writer(sd_bus_message* message) : message_(message) {}

  template <class... Values>
  void put(const char* types, Values... values) {
    if (code_ >= 0) code_ = sd_bus_message_append(message_, types, values...);
  }
  void open(char type, const char* contents) {
    if (code_ >= 0) code_ = sd_bus_message_open_container(message_, type, contents);
  }
  void close() {
    if (code_ >= 0) code_ = sd_bus_message_close_container(message_);
  }
  int code() const { return code_; }

 private:
  sd_bus_message* message_;
  int code_ = 0;
};

void put_timer(Writer& writer, const TransientTimer& timer) {
  writer.open('a', "(sv)");
  writer.put("(sv)", "Description", "s", timer.description.c_str());
  writer.put("(sv)", "TimersMonotonic", "a(st)", 2, "OnActiveSec", timer.every_us, "OnUnitInactiveSec", timer.every_us);
  writer.put("(sv)", "AccuracyUSec", "t", std::uint64_t{1000000});
  writer.close();
}

// "ExecStart" is one command: its path, its words, and whether its failure counts for nothing.
void put_command(Writer& writer, const std::vector<std::string>& command) {
  writer.open('r', "sv");
  writer.put("s", "ExecStart");
  writer.open('v', "a(sasb)");
  writer.open('a', "(sasb)");
  writer.open('r', "sasb");
  writer.put("s", command.front().c_str());
  writer.open('a', "s");
  for (const std::string& word : command) writer.put("s", word.c_str());
  writer.close();
  writer.put("b", 0);
  for (int container = 0; container < 4; ++container) writer.close();
}

void put_service(Writer& writer, const TransientTimer& timer, const std::string& service) {
  writer.open('a', "(sa(sv))");
  writer.open('r', "sa(sv)");
  writer.put("s", service.c_str());
  writer.open('a', "(sv)");
  writer.put("(sv)", "Description", "s", timer.description.c_str());
  writer.put("(sv)", "Type", "s", "oneshot");
  put_command(writer, timer.command);
  for (int container = 0; container < 3; ++container) writer.close();
}

}  // namespace

void start_transient_timer(sd_bus* bus, const TransientTimer& timer) {
  const std::string name = timer.name + ".timer", service = timer.name + ".service";
  sd_bus_message* asked = nullptr;
  int code =
      sd_bus_message_new_method_call(bus, &asked, systemd_name, manager_path, manager_interface, "StartTransientUnit");
  const Reply message(asked);
  if (code >= 0) {
    Writer writer(asked);
    writer.put("ss", name.c_str(), "replace");
    put_timer(writer, timer);
    put_service(writer, timer, service);
    code = writer.code();
  }
  if (code >= 0) code = sd_bus_call(bus, asked, 0, nullptr, nullptr);
  if (code < 0) throw Failure(fmt::format("systemd: start {}: {}", name, std::strerror(-code)));
}

}  // namespace neap
