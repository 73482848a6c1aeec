#include "tool/service/scope.h"

#include <string_view>

namespace neap {
namespace {

constexpr std::string_view commands[] = {"systemctl ", "journalctl ", "neap enable ", "neap disable "};
constexpr std::string_view option = "--user ";

}  // namespace

std::string Scope::advice(std::string text) const {
  if (!is_user) return text;
  for (const std::string_view command : commands)
    for (std::size_t at = text.find(command); at != std::string::npos; at = text.find(command, at + 1)) {
      const std::size_t end = at + command.size();
      if (text.compare(end, option.size(), option) != 0) text.insert(end, option);
    }
  return text;
}

}  // namespace neap
