#include "manual/page.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "tool/allocators/table.h"
#include "tool/commands/neap_command.h"

namespace neap::manual {
namespace {

struct ValueRow {
  std::string_view name;  // of an option or an argument
  Values values;
};

constexpr std::array value_table = {
    ValueRow{"--allocator", Values::allocators},
    ValueRow{"--allocators", Values::allocators},
    ValueRow{"--baseline", Values::allocators},
    ValueRow{"--pid", Values::processes},
    ValueRow{"UNIT", Values::units},
    ValueRow{"--units", Values::units},
};

// For values of these names the shell has nothing to offer. A value of any other name may be a file.
constexpr std::array<std::string_view, 4> plain_values{"N", "SECONDS", "SIZE", "TIME"};

bool has_option(const CommandDescription& page, const std::string& name) {
  return std::any_of(page.options.begin(), page.options.end(), [&](const OptionDescription& option) {
    return !option.names.empty() && option.names.back() == name;
  });
}

// Options that hold for every verb may also stand behind the verb, so each verb's page has them too.
void add_common_options(CommandDescription& page, const std::vector<OptionDescription>& common) {
  for (CommandDescription& part : page.parts) add_common_options(part, common);
  if (!page.parts.empty()) return;
  for (const OptionDescription& option : common)
    if (option.names.back() != "--version" && !has_option(page, option.names.back())) page.options.push_back(option);
}

}  // namespace

Values values_of(const OptionDescription& option) {
  if (option.value.empty()) return Values::none;
  for (const ValueRow& row : value_table) {
    const bool named = std::find(option.names.begin(), option.names.end(), row.name) != option.names.end();
    if (named || (option.names.empty() && option.value == row.name)) return row.values;
  }
  const bool plain = std::find(plain_values.begin(), plain_values.end(), option.value) != plain_values.end();
  return plain ? Values::none : Values::files;
}

CommandDescription read_command() {
  CommandDescription command = NeapCommand().describe();
  add_common_options(command, std::vector<OptionDescription>(command.options));
  return command;
}

std::vector<const CommandDescription*> all_pages(const CommandDescription& page) {
  std::vector<const CommandDescription*> pages{&page};
  for (const CommandDescription& part : page.parts)
    for (const CommandDescription* each : all_pages(part)) pages.push_back(each);
  return pages;
}

std::string allocator_names() {
  std::string names;
  for (const AllocatorRow& row : allocator_table) names += (names.empty() ? "" : " ") + std::string(row.name);
  for (const PresetRow& row : preset_table) names += " " + std::string(row.name);
  return names;
}

}  // namespace neap::manual
