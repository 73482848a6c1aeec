#include "tool/presets/preset.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>
#include <glob.h>

#include <algorithm>
#include <filesystem>

#include "tool/model/failure.h"
#include "tool/presets/text_edits.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

namespace fs = std::filesystem;
using Paths = std::vector<std::string>;

// What Postfix imports where main.cf says nothing (postconf -d import_environment).
constexpr const char* usual_import_of_postfix =
    "MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ XAUTHORITY DISPLAY LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME";

std::string instance_of_unit(const std::string& unit) {
  const auto at = unit.find('@');
  return at == std::string::npos ? std::string() : unit.substr(at + 1, unit.rfind('.') - at - 1);
}

Paths existing(const Root& root, const std::string& pattern) {
  Paths found;
  glob_t matches{};
  if (::glob(root.at(pattern).c_str(), 0, nullptr, &matches) == 0)
    for (std::size_t at = 0; at < matches.gl_pathc; ++at)
      found.push_back(std::string(matches.gl_pathv[at]).substr(root.at("").size()));
  ::globfree(&matches);
  return found;
}

// postgresql@15-main is the cluster main of version 15, as pg_ctlcluster has it.
Paths files_of_postgresql(const Root& root, const std::string& unit) {
  const std::string instance = instance_of_unit(unit);
  const auto dash = instance.find('-');
  if (instance.empty()) return existing(root, "/etc/postgresql/*/*/environment");
  return existing(root, fmt::format("/etc/postgresql/{}/{}/environment", instance.substr(0, dash),
                                    dash == std::string::npos ? "" : instance.substr(dash + 1)));
}

Paths files_of_postfix(const Root& root, const std::string& unit) {
  const std::string instance = instance_of_unit(unit);
  return existing(
      root, instance.empty() || instance == "-" ? "/etc/postfix*/main.cf" : fmt::format("/etc/{}/main.cf", instance));
}

Paths files_of_apache(const Root& root, const std::string& unit) {
  const std::string instance = instance_of_unit(unit);
  return existing(root, instance.empty() ? "/etc/apache2/envvars" : fmt::format("/etc/apache2-{}/envvars", instance));
}

// A file that neap may add to a folder that exists.
Paths beside(const Root& root, const std::string& folder, const char* name) {
  Paths files;
  for (const std::string& each : existing(root, folder)) files.push_back(each + "/" + name);
  return files;
}

Paths files_of_dovecot(const Root& root, const std::string&) {
  return beside(root, "/etc/dovecot/conf.d", "99-neap.conf");
}
Paths files_of_ssh(const Root& root, const std::string&) {
  return beside(root, "/etc/ssh/sshd_config.d", "50-neap.conf");
}
Paths files_of_cron(const Root& root, const std::string&) { return existing(root, "/etc/crontab"); }

// php8.2-fpm.service
Paths files_of_php(const Root& root, const std::string& unit) {
  const std::string version = unit.substr(3, unit.find("-fpm") - 3);
  return beside(root, fmt::format("/etc/php/{}/fpm/pool.d", version), "zz-neap.conf");
}

std::string words_of(const Variables& variables) {
  std::string words;
  for (const auto& [name, value] : variables) words += fmt::format(" {}={}", name, value);
  return words;
}

constexpr const char* mark = "Written by neap; to take it back: neap disable";

std::string pools_with(const Root& root, const Variables& variables) {
  std::string text = fmt::format("; {} the unit\n", mark);
  for (const std::string& file : existing(root, "/etc/php/*/fpm/pool.d/*.conf")) {
    const std::optional<FileImage> image = read_image(root.at(file));
    if (!image || file.ends_with("zz-neap.conf")) continue;
    for (std::size_t at = image->bytes.find("\n["); at != std::string::npos; at = image->bytes.find("\n[", at + 1)) {
      text += image->bytes.substr(at + 1, image->bytes.find('\n', at + 1) - at);
      for (const auto& [name, value] : variables) text += fmt::format("env[{}] = {}\n", name, value);
    }
  }
  return text;
}

constexpr Preset presets[] = {
    {"PostgreSQL", "postgresql@*.service", Reach::own, "its server", files_of_postgresql,
     [](const Root&, const std::string& now, const Variables& all) { return with_postgresql_lines(now, all); }},
    {"Postfix", "postfix*.service", Reach::own, "its daemons", files_of_postfix,
     [](const Root&, const std::string& now, const Variables& all) {
       return with_postfix_words(now, usual_import_of_postfix, all);
     }},
    {"Dovecot", "dovecot.service", Reach::own, "its processes", files_of_dovecot,
     [](const Root&, const std::string&, const Variables& all) {
       return fmt::format("# {} dovecot\nimport_environment = $import_environment{}\n", mark, words_of(all));
     }},
    {"Apache", "apache2*.service", Reach::own, "its server", files_of_apache,
     [](const Root&, const std::string& now, const Variables& all) { return with_shell_lines(now, all); }},
    {"OpenSSH", "ssh*.service", Reach::children, "its sessions", files_of_ssh,
     [](const Root&, const std::string&, const Variables& all) {
       return fmt::format("# {} ssh\nSetEnv{}\n", mark, words_of(all));
     }},
    {"cron", "cron.service", Reach::children, "the jobs of /etc/crontab", files_of_cron,
     [](const Root&, const std::string& now, const Variables& all) { return with_crontab_lines(now, all); }},
    {"PHP-FPM", "php*-fpm.service", Reach::children, "what its scripts start", files_of_php,
     [](const Root& root, const std::string&, const Variables& all) { return pools_with(root, all); }},
};

bool applies(const Preset& preset, bool children) { return preset.reach == Reach::own || children; }

std::optional<FileImage> without_neap(const Root& root, const std::string& path, const std::optional<Entry>& replaced) {
  if (replaced)
    for (const FileChange& file : replaced->files)
      if (file.path == path) return as_before(root, file, file.original);
  return read_image(root.at(path));
}

}  // namespace

const Preset* find_preset(const std::string& unit) {
  const auto found = std::find_if(std::begin(presets), std::end(presets), [&](const Preset& preset) {
    return ::fnmatch(preset.units, unit.c_str(), FNM_NOESCAPE) == 0;
  });
  return found == std::end(presets) ? nullptr : found;
}

std::vector<FileChange> preset_files(const Root& root, const std::string& unit, const Allocator& allocator,
                                     bool children, const std::optional<Entry>& replaced) {
  const Preset* preset = find_preset(unit);
  std::vector<FileChange> changes;
  if (preset == nullptr || !applies(*preset, children)) return changes;
  Variables variables;
  if (!allocator.library.empty()) variables.emplace_back("LD_PRELOAD", allocator.library);
  variables.insert(variables.end(), allocator.environment.begin(), allocator.environment.end());
  if (variables.empty()) return changes;
  for (const std::string& path : preset->files(root, unit)) {
    const std::optional<FileImage> now = without_neap(root, path, replaced);
    FileImage image = now ? *now : fresh_image({});
    image.bytes = preset->with(root, image.bytes, variables);
    changes.push_back({path, {}, {}, std::move(image), now.has_value()});
  }
  return changes;
}

std::vector<Finding> check_preset(const Root& root, const std::string& unit, bool children) {
  const Preset* preset = find_preset(unit);
  if (preset == nullptr) return {};
  const Paths files = preset->files(root, unit);
  const std::string what = fmt::format("starts {} with an environment of their own", preset->what);
  if (files.empty() && preset->reach == Reach::own)
    return {{Severity::warning, preset->name, what + ", and the file that says it is not where Debian has it",
             "set LD_PRELOAD where the daemon takes its environment from"}};
  if (files.empty()) return {};
  if (applies(*preset, children))
    return {{Severity::fine, preset->name, fmt::format("{}: said in {} too", what, fmt::join(files, ", ")), {}}};
  return {{Severity::fine, preset->name, what + ", on libc",
           fmt::format("neap enable {} --children says it in {} too", unit, fmt::join(files, ", "))}};
}

}  // namespace neap
