#include "tool/service/user_switch.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "tool/change/apply.h"
#include "tool/change/describe.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

std::string user_folder(const char* variable, const char* below_home) {
  if (const char* set = std::getenv(variable); set != nullptr && set[0] == '/') return set;
  const char* home = std::getenv("HOME");
  if (home == nullptr || home[0] != '/') throw UsageFailure("HOME is not set to a folder; --user works in it");
  return std::string(home) + below_home;
}

// `text` between single quotes, for sh.
std::string in_quotes(const std::string& text) {
  std::string quoted = "'";
  for (const char letter : text) quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return quoted + "'";
}

// environment.d(5): a later file wins, and ${NAME:+...} keeps what the session has already.
std::string session_text(const Allocator& allocator) {
  std::string text = "# Written by neap; to take it back: neap disable --user\n";
  if (!allocator.library.empty())
    text += fmt::format("LD_PRELOAD={}${{LD_PRELOAD:+:$LD_PRELOAD}}\n", allocator.library);
  for (const auto& [name, value] : allocator.environment) text += fmt::format("{}={}\n", name, value);
  return text;
}

std::string wrapper_text(const std::string& file, const Allocator& allocator) {
  std::string text = fmt::format("#!/bin/sh\n# Written by neap; to take it back: neap disable --user {}\n",
                                 std::filesystem::path(file).filename().string());
  if (!allocator.library.empty())
    text +=
        fmt::format("LD_PRELOAD={}${{LD_PRELOAD:+:$LD_PRELOAD}}\nexport LD_PRELOAD\n", in_quotes(allocator.library));
  for (const auto& [name, value] : allocator.environment)
    text += fmt::format("{}={}\nexport {}\n", name, in_quotes(value), name);
  return text + fmt::format("exec {} \"$@\"\n", in_quotes(file));
}

SwitchOutcome switch_file(const SwitchContext& context, const std::string& target, const std::string& path,
                          const FileImage& image, const Allocator& allocator, const SwitchOptions& options) {
  const std::optional<Entry> replaced = context.journal.load(target);
  Entry next = begin_entry(target, allocator);
  next.effective = path;
  next.complete = true;  // one file: it is made or it is not
  next.files.push_back({path, {}, {}, image});
  take_stock(context.root, replaced, next);
  if (!replaced && next.files[0].from && next.files[0].from != next.files[0].to)
    throw UsageFailure(fmt::format("{} is there, and not by neap; move it away and try again", path));
  const std::string change = describe_change(next);
  SwitchOutcome outcome{target, allocator.label, !replaced || !change.empty(), {}, 0};
  if (options.dry_run)
    context.say(change);
  else if (outcome.changed)
    apply(context.root, context.journal, replaced, next);
  return outcome;
}

}  // namespace

Scope own_scope() { return {user_folder("XDG_CONFIG_HOME", "/.config") + "/systemd/user", true}; }

std::string user_state_folder() { return user_folder("XDG_STATE_HOME", "/.local/state") + "/neap"; }

SwitchOutcome enable_session(const SwitchContext& context, const Allocator& allocator, const SwitchOptions& options) {
  const std::string path = user_folder("XDG_CONFIG_HOME", "/.config") + "/environment.d/50-neap.conf";
  SwitchOutcome outcome =
      switch_file(context, session_target, path, fresh_image(session_text(allocator)), allocator, options);
  if (!options.dry_run) context.say(fmt::format("your sessions run on {} from the next login", allocator.label));
  return outcome;
}

SwitchOutcome enable_program(const SwitchContext& context, const std::string& file, const Allocator& allocator,
                             const SwitchOptions& options) {
  const std::string name = std::filesystem::path(file).filename().string();
  const std::string path = user_folder("HOME", "") + "/.local/bin/" + name;
  if (path == file)
    throw UsageFailure(fmt::format("{} is the wrapper's own place; give the path of the program itself", file));
  SwitchOutcome outcome =
      switch_file(context, name, path, fresh_image(wrapper_text(file, allocator), 0755), allocator, options);
  if (!options.dry_run)
    context.say(fmt::format("{} starts {} on {}, where ~/.local/bin comes first in PATH", name, file, allocator.label));
  return outcome;
}

SwitchOutcome disable_user(const SwitchContext& context, const std::string& target, const SwitchOptions& options) {
  const std::optional<Entry> entry = context.journal.load(target);
  SwitchOutcome outcome{target, {}, entry.has_value(), {}, 0};
  if (!entry) {
    context.say(fmt::format("{} was not switched by neap: nothing to do", target));
  } else if (options.dry_run) {
    context.say(describe_restore(context.root, *entry));
  } else {
    restore(context.root, context.journal, *entry);
    context.say(fmt::format("{} is as it was before neap", target));
  }
  return outcome;
}

}  // namespace neap
