#include "tool/systemd/properties.h"

namespace neap {

Reply Properties::get(const char* name, const char* type) const {
  sd_bus_message* reply = nullptr;
  const int code = sd_bus_get_property(bus_, systemd_name, object_.c_str(), interface_, name, nullptr, &reply, type);
  return code < 0 ? nullptr : Reply(reply);
}

void Properties::read(const char* name, std::string& value) const {
  const char* text = nullptr;
  if (const Reply reply = get(name, "s"); reply && sd_bus_message_read(reply.get(), "s", &text) > 0) value = text;
}

void Properties::read(const char* name, std::vector<std::string>& value) const {
  if (const Reply reply = get(name, "as")) value = take_strings(reply.get());
}

void Properties::read(const char* name, bool& value) const {
  int truth = 0;
  read_number(name, "b", truth);
  value = truth != 0;
}

std::vector<std::string> take_strings(sd_bus_message* message) {
  std::vector<std::string> strings;
  const char* text = nullptr;
  if (sd_bus_message_enter_container(message, 'a', "s") < 0) return strings;
  while (sd_bus_message_read(message, "s", &text) > 0) strings.emplace_back(text);
  sd_bus_message_exit_container(message);
  return strings;
}

}  // namespace neap
