#include "tool/service/system_switch.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "tool/allocators/environment.h"
#include "tool/change/apply.h"
#include "tool/change/describe.h"
#include "tool/checks/apparmor.h"
#include "tool/checks/hardening.h"
#include "tool/checks/machine_checks.h"
#include "tool/model/failure.h"
#include "tool/service/trial.h"

namespace neap {
namespace {

constexpr const char* except_head =
    "# Programs that stay on the C library's malloc: one name, or path, a line. Written by neap enable --system "
    "--except.\n";
constexpr std::size_t most_exceptions_bytes = 4096;  // what libneap reads: docs/service.md

// ld.so takes blanks and colons between paths, and what follows a '#' for a comment.
std::string paths_of(const std::string& preload) {
  std::string paths;
  bool comment = false;
  for (const char letter : preload) {
    if (letter == '#') comment = true;
    if (letter == '\n') comment = false;
    paths += comment || letter == '\n' || letter == '\t' ? ' ' : letter;
  }
  return paths;
}

std::string preload_text(const std::optional<FileImage>& now, const Allocator& allocator) {
  std::string merged = merge_preload({allocator.library}, now ? paths_of(now->bytes) : "");
  std::replace(merged.begin(), merged.end(), ':', '\n');
  return merged + "\n";
}

std::string except_text(const std::optional<FileImage>& now, const std::vector<std::string>& added) {
  std::set<std::string> names;
  if (now)
    for (std::size_t start = 0; start < now->bytes.size();) {
      const std::size_t end = std::min(now->bytes.find('\n', start), now->bytes.size());
      const std::string line = now->bytes.substr(start, end - start);
      if (!line.empty() && line[0] != '#') names.insert(line);
      start = end + 1;
    }
  for (const std::string& name : added) {
    if (name.empty() || name[0] == '#' || name.find_first_of(" \t\n") != std::string::npos)
      throw UsageFailure(fmt::format("'{}' is no name of a program", name));
    names.insert(name);
  }
  std::string text = except_head;
  for (const std::string& name : names) text += name + "\n";
  if (text.size() > most_exceptions_bytes)
    throw UsageFailure(
        fmt::format("{} would be above {} bytes; libneap reads no more", except_path, most_exceptions_bytes));
  return text;
}

// A library that setuid programs load has to be root's alone, down to the last folder above it.
void refuse_unsafe_library(const Root& root, const std::string& library) {
  if (library.find_first_of(" :\t\n") != std::string::npos)
    throw UsageFailure(fmt::format("{} holds a blank or a colon, which {} cannot say", library, preload_path));
  struct stat status {};
  for (std::filesystem::path path = library;; path = path.parent_path()) {
    if (::stat(root.at(path.string()).c_str(), &status) != 0)
      throw UsageFailure(fmt::format("there is no {}", path.string()));
    if (status.st_uid != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
      throw UsageFailure(
          fmt::format("{} may be written by others than root, and setuid programs would load it: chown root, "
                      "chmod go-w",
                      path.string()));
    if (path == path.parent_path()) return;
  }
}

std::optional<FileImage> with_bytes(const std::optional<FileImage>& now, std::string bytes) {
  FileImage image = now ? *now : fresh_image({});
  image.bytes = std::move(bytes);
  return image;
}

Entry plan(const SwitchContext& context, const Allocator& allocator, const std::vector<std::string>& exceptions) {
  const Root& root = context.root;
  const auto preload = read_image(root.at(preload_path));
  const auto except = read_image(root.at(except_path));
  Entry next = begin_entry(system_target, allocator);
  next.effective = preload_path;
  if (const auto rule = apparmor_rule(root, allocator.library, except_path))
    next.files.push_back({apparmor_rule_path, {}, {}, fresh_image(*rule)});
  if (!exceptions.empty() || except)
    next.files.push_back({except_path, {}, {}, with_bytes(except, except_text(except, exceptions))});
  next.files.push_back({preload_path, {}, {}, with_bytes(preload, preload_text(preload, allocator))});
  return next;
}

void refuse_what_no_system_takes(const Allocator& allocator, const std::vector<std::string>& exceptions) {
  if (allocator.is_libc()) throw UsageFailure("libc is what the system runs without neap: neap disable --system");
  if (!allocator.environment.empty())
    throw UsageFailure(
        fmt::format("{} takes no settings for the system: no file gives every program a variable", preload_path));
  if (!exceptions.empty() && !allocator.is_neap())
    throw UsageFailure(fmt::format("--except is honoured by libneap alone, not by {}", allocator.label));
}

void refuse_after_trial(const std::vector<TrialResult>& results, const SwitchContext& context) {
  std::string failed;
  for (const TrialResult& result : results) {
    if (!result.remark.empty()) context.say(fmt::format("trial: {}: {}", result.program, result.remark));
    if (!result.passed && failed.empty()) failed = fmt::format("{} {}", result.program, result.remark);
  }
  if (!failed.empty()) throw Failure(fmt::format("the trial failed: {}; nothing was changed", failed));
  context.say(fmt::format("trial: {} programs run under it as without", results.size()));
}

bool is_excepted(const Entry& next, const std::string& program) {
  for (const FileChange& file : next.files)
    if (file.path == except_path)
      return file.to->bytes.find("\n" + program + "\n") != std::string::npos ||
             file.to->bytes.find("\n" + std::filesystem::path(program).filename().string() + "\n") != std::string::npos;
  return false;
}

// All services start on the allocator next. Refuses where that would end one, names those that would not take it, and
// returns the programs of all.
std::vector<std::string> check_services(const SwitchContext& context, const Allocator& allocator, const Entry& next,
                                        const UnitChecks& checks, bool force) {
  std::set<std::string> programs;
  std::string broken;
  if (context.manager == nullptr) return {};
  for (const std::string& name : context.manager->running_services("*.service")) {
    const UnitFacts unit = context.manager->unit(name);
    for (const std::string& program : unit.programs) programs.insert(path_outside(unit.hardening, program));
    const std::vector<Finding> findings = checks(unit, allocator);
    const Finding* obstacle = first_obstacle(findings);
    if (obstacle == nullptr) continue;
    const bool ends =
        obstacle->subject == std::string_view("SystemCallFilter") && unit.hardening.system_call_errno == 0;
    const bool excepted = !unit.programs.empty() && is_excepted(next, unit.programs[0]);
    context.say(fmt::format("{} {}: {}: {}", name, ends ? "would be killed" : "does not take it", obstacle->subject,
                            obstacle->what));
    if (ends && !excepted) broken += fmt::format("{}{}", broken.empty() ? "" : ", ", name);
  }
  if (!broken.empty() && !force)
    throw Failure(
        fmt::format("{} would not start any more; nothing was changed (--except PROGRAM leaves a program on "
                    "libc; --force switches all the same)",
                    broken));
  return {programs.begin(), programs.end()};
}

}  // namespace

SwitchOutcome enable_system(const SwitchContext& context, const Allocator& allocator,
                            const std::vector<std::string>& exceptions, const UnitChecks& checks,
                            const SwitchOptions& options) {
  refuse_what_no_system_takes(allocator, exceptions);
  refuse_unsafe_library(context.root, allocator.library);
  const std::optional<Entry> replaced = context.journal.load(system_target);
  Entry next = plan(context, allocator, exceptions);
  take_stock(context.root, replaced, next);
  SwitchOutcome outcome{system_target, allocator.label, !describe_change(next).empty(), {}, 0};
  if (replaced && replaced->complete && !outcome.changed) {
    context.say(fmt::format("the system is set to {} already", allocator.label));
    return outcome;
  }
  if (options.dry_run) {
    context.say(describe_change(next));
    return outcome;
  }
  const auto preload = std::find_if(next.files.begin(), next.files.end(),
                                    [](const FileChange& file) { return file.path == preload_path; });
  const std::vector<std::string> of_services = check_services(context, allocator, next, checks, options.force);
  refuse_after_trial(hold_trial(preload->to->bytes, context.journal.folder() + "/trial", allocator, of_services),
                     context);
  apply(context.root, context.journal, replaced, next);
  if (!starts_programs()) {
    roll_back(context.root, context.journal, replaced, next);
    throw Failure("a shell does not start under it any more; rolled back");
  }
  next.complete = true;
  context.journal.save(next);
  if (const FileChange& rule = next.files.front(); rule.path == apparmor_rule_path && rule.from != rule.to)
    context.say(fmt::format("{} is new: systemctl reload apparmor makes the profiles read it", apparmor_rule_path));
  context.say(
      fmt::format("every program that starts from now on runs on {}; those that run keep theirs. Way back: neap "
                  "disable --system, or from any shell: : > {}",
                  allocator.label, preload_path));
  return outcome;
}

SwitchOutcome disable_system(const SwitchContext& context, const SwitchOptions& options) {
  const std::optional<Entry> entry = context.journal.load(system_target);
  SwitchOutcome outcome{system_target, {}, entry.has_value(), {}, 0};
  if (!entry) {
    context.say("the system was not switched by neap: nothing to do");
    return outcome;
  }
  if (options.dry_run) {
    context.say(describe_restore(context.root, *entry));
    return outcome;
  }
  restore(context.root, context.journal, *entry);
  context.say("the system is as it was before neap; programs that run keep their allocator until they are restarted");
  return outcome;
}

}  // namespace neap
