#include "tool/systemd/specifiers.h"

#include <sys/utsname.h>

#include <fstream>

#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

using Expansion = std::optional<std::string>;

struct Name {
  std::string whole, stem, prefix, instance;
  bool has_instance = false;
};

Name parts_of(const std::string& unit) {
  Name name{unit, unit.substr(0, unit.rfind('.')), {}, {}};
  const auto at = name.stem.find('@');
  name.prefix = name.stem.substr(0, at);
  name.has_instance = at != std::string::npos;
  if (name.has_instance) name.instance = name.stem.substr(at + 1);
  return name;
}

// "foo\x2dbar-x" of a path: '-' stands for '/', and numbers for letters.
std::string unescaped(const std::string& text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 3 < text.size() && text[at + 1] == 'x') {
      plain += static_cast<char>(std::strtol(text.substr(at + 2, 2).c_str(), nullptr, 16));
      at += 3;
    } else {
      plain += text[at] == '-' ? '/' : text[at];
    }
  }
  return plain;
}

Expansion instance_of(const Name& name) {
  if (name.has_instance && name.instance.empty()) return std::nullopt;  // a template: each has its own
  return name.instance;
}

Expansion last_part(const Name& name) { return name.prefix.substr(name.prefix.rfind('-') + 1); }

std::string line_of(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string node_name() {
  utsname system{};
  ::uname(&system);
  return system.nodename;
}

struct Specifier {
  char letter;
  Expansion (*expand)(const Name& name);
};

constexpr Specifier specifiers[] = {
    {'%', [](const Name&) -> Expansion { return "%"; }},
    {'n', [](const Name& name) -> Expansion { return is_template(name.whole) ? Expansion() : name.whole; }},
    {'N', [](const Name& name) -> Expansion { return is_template(name.whole) ? Expansion() : name.stem; }},
    {'p', [](const Name& name) -> Expansion { return name.prefix; }},
    {'P', [](const Name& name) -> Expansion { return unescaped(name.prefix); }},
    {'i', instance_of},
    {'I',
     [](const Name& name) -> Expansion {
       const Expansion instance = instance_of(name);
       return instance ? unescaped(*instance) : instance;
     }},
    {'j', last_part},
    {'J', [](const Name& name) -> Expansion { return unescaped(*last_part(name)); }},
    {'t', [](const Name&) -> Expansion { return "/run"; }},
    {'S', [](const Name&) -> Expansion { return "/var/lib"; }},
    {'C', [](const Name&) -> Expansion { return "/var/cache"; }},
    {'L', [](const Name&) -> Expansion { return "/var/log"; }},
    {'E', [](const Name&) -> Expansion { return "/etc"; }},
    {'T', [](const Name&) -> Expansion { return "/tmp"; }},
    {'V', [](const Name&) -> Expansion { return "/var/tmp"; }},
    {'h', [](const Name&) -> Expansion { return "/root"; }},
    {'u', [](const Name&) -> Expansion { return "root"; }},
    {'U', [](const Name&) -> Expansion { return "0"; }},
    {'H', [](const Name&) -> Expansion { return node_name(); }},
    {'l', [](const Name&) -> Expansion { return node_name().substr(0, node_name().find('.')); }},
    {'m', [](const Name&) -> Expansion { return line_of("/etc/machine-id"); }},
};

Expansion expand_one(char letter, const Name& name) {
  for (const Specifier& specifier : specifiers)
    if (specifier.letter == letter) return specifier.expand(name);
  return std::nullopt;
}

}  // namespace

Expansion expand_specifiers(std::string_view text, const std::string& unit) {
  const Name name = parts_of(unit);
  std::string expanded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%' || at + 1 == text.size()) {
      expanded += text[at];
      continue;
    }
    const Expansion one = expand_one(text[++at], name);
    if (!one) return std::nullopt;
    expanded += *one;
  }
  return expanded;
}

std::string without_specifiers(std::string text) {
  for (std::size_t at = text.find('%'); at != std::string::npos; at = text.find('%', at + 2)) text.insert(at, "%");
  return text;
}

}  // namespace neap
