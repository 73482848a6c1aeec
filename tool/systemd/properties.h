// Properties: what systemd says of one of its objects under one of its interfaces. A property that this systemd does
// not have reads as empty.
#pragma once
#include <systemd/sd-bus.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace neap {

inline constexpr const char* systemd_name = "org.freedesktop.systemd1";
inline constexpr const char* manager_path = "/org/freedesktop/systemd1";
inline constexpr const char* manager_interface = "org.freedesktop.systemd1.Manager";

struct ReplyDeleter {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Reply = std::unique_ptr<sd_bus_message, ReplyDeleter>;

// The array of strings that comes next in the message.
std::vector<std::string> take_strings(sd_bus_message* message);

class Properties {
 public:
  Properties(sd_bus* bus, std::string object, const char* interface)
      : bus_(bus), object_(std::move(object)), interface_(interface) {}

  // A bus type's letters, as in sd_bus_message_read; empty where there is no such property.
  Reply get(const char* name, const char* type) const;

  // Reads a property into `into`, whose type says what is expected.
  void read(const char* name, std::string& value) const;
  void read(const char* name, std::vector<std::string>& value) const;
  void read(const char* name, bool& value) const;
  void read(const char* name, std::int32_t& value) const { read_number(name, "i", value); }
  void read(const char* name, std::uint32_t& value) const { read_number(name, "u", value); }
  void read(const char* name, std::uint64_t& value) const { read_number(name, "t", value); }

 private:
  template <class Number>
  void read_number(const char* name, const char* type, Number& value) const {
    if (const Reply reply = get(name, type)) sd_bus_message_read_basic(reply.get(), type[0], &value);
  }

  sd_bus* bus_;
  std::string object_;
  const char* interface_;
};

}  // namespace neap
