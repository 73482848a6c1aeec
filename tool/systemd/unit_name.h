// Names of service units: "tor" -> "tor.service", "tor@" -> "tor@.service".
#pragma once
#include <string>
#include <vector>

namespace neap {

// Throws UsageFailure for what can be no service: "x.socket", an empty name, a slash.
std::string service_name(const std::string& written);

bool is_template(const std::string& name);                                           // "tor@.service"
std::string instance_of(const std::string& template_name, const std::string& what);  // "tor@what.service"
// The pattern of the units that a drop-in of `name` is read for: a template's instances, else the unit itself.
std::string units_of(const std::string& name);

// Whether the service is one of those that the patterns name ("tor@*", "nginx"); ".service" may be left out of them.
bool fits_any(const std::string& service, const std::vector<std::string>& patterns);

// "tor@.service" and "relay1" of "tor@relay1.service"; both empty for what is no instance.
struct UnitInstance {
  std::string template_name, instance;
};
UnitInstance parts_of_instance(const std::string& name);

}  // namespace neap
