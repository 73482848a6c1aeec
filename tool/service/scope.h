// Whose units are switched: those of the system's systemd, or those of one's own (systemctl --user).
#pragma once
#include <string>

namespace neap {

struct Scope {
  std::string units_folder = "/etc/systemd/system";  // where drop-ins go
  bool is_user = false;

  // A line of advice as it has to be typed here: with --user behind the commands that need it.
  std::string advice(std::string text) const;
};

}  // namespace neap
