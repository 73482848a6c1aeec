#include "tool/service/variable_origin.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "tool/model/failure.h"
#include "tool/systemd/specifiers.h"
#include "tool/systemd/unit_file.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

std::string file_name(const std::string& path) { return std::filesystem::path(path).filename().string(); }

std::optional<std::string> value_in(const std::vector<std::string>& assignments, const std::string& variable) {
  std::optional<std::string> value;
  for (const std::string& assignment : assignments)
    if (assignment.size() > variable.size() && assignment.starts_with(variable) && assignment[variable.size()] == '=')
      value = assignment.substr(variable.size() + 1);
  return value;
}

// EnvironmentFile= may be a pattern. A missing file is skipped here; systemd complains where it must.
std::optional<std::string> value_in_files(const Root& root, const std::string& pattern, const std::string& variable) {
  std::optional<std::string> value;
  glob_t found{};
  if (::glob(root.at(pattern).c_str(), 0, nullptr, &found) == 0)
    for (std::size_t at = 0; at < found.gl_pathc; ++at) {
      std::error_code dangling;
      const std::string path = std::filesystem::canonical(found.gl_pathv[at], dangling).string();
      if (dangling || !std::filesystem::is_regular_file(path, dangling)) continue;
      const std::optional<FileImage> image = read_image(path);
      if (!image) continue;
      for (const Variable& each : environment_file_variables(image->bytes))
        if (each.first == variable) value = each.second;
    }
  ::globfree(&found);
  return value;
}

bool mentions_instance(const std::string& path) {
  for (std::size_t at = path.find('%'); at != std::string::npos; at = path.find('%', at + 2))
    if (at + 1 >= path.size() || path[at + 1] != '%') return true;
  return false;
}

// One walk over the unit's files in systemd's order.
class Walk {
 public:
  Walk(const Root& root, const UnitFacts& unit, const std::string& variable)
      : root_(root), unit_(unit), variable_(variable) {
    read(unit.fragment);
    for (const std::string& drop_in : unit.drop_ins) {
      if (file_name(drop_in) == drop_in_name) continue;
      after_ours_ = file_name(drop_in) > drop_in_name;
      read(drop_in);
    }
  }

  VariableOrigin result(const std::vector<std::string>& base) const {
    VariableOrigin origin;
    if (const auto value = value_in(base, variable_)) take_plain(origin, *value, "systemd's own environment");
    if (set_) take_text(origin, *set_);
    for (const EnvironmentFile& file : files_)
      if (file.value) take_plain(origin, *file.value, file.path), origin.needs_file = true;
    origin.needs_file = origin.needs_file || later_assignment_;
    if (origin.needs_file)
      for (const EnvironmentFile& file : files_)
        if (file.after_ours && file.value) origin.beaten_by = file.path;
    if (origin.needs_file && !later_file_reset_.empty()) origin.beaten_by = later_file_reset_;
    for (const std::string& unset : unit_.unset_environment)
      if (unset == variable_ || unset.starts_with(variable_ + "=")) origin.beaten_by = "UnsetEnvironment= of the unit";
    return origin;
  }

 private:
  static void take_plain(VariableOrigin& origin, const std::string& value, const std::string& place) {
    origin.value = value, origin.text = without_specifiers(value), origin.is_exact = true, origin.place = place;
  }

  void take_text(VariableOrigin& origin, const std::string& text) const {
    const std::optional<std::string> value = expand_specifiers(text, unit_.id);
    origin.value = value.value_or(text), origin.text = text, origin.is_exact = value.has_value(), origin.place = place_;
  }

  struct EnvironmentFile {
    std::string path;
    bool after_ours;
    std::optional<std::string> value;
  };

  void read(const std::string& path) {
    if (path.empty()) return;
    std::error_code ignored;
    const std::string file = std::filesystem::canonical(root_.at(path), ignored).string();
    const std::optional<FileImage> image = ignored ? std::nullopt : read_image(file);
    if (!image) return;
    for (const Variable& setting : service_settings(image->bytes)) {
      if (setting.first == "Environment") take_environment(setting.second, path);
      if (setting.first == "EnvironmentFile") take_file(setting.second, path);
    }
  }

  void take_environment(const std::string& value, const std::string& path) {
    if (value.empty()) {
      set_.reset();
      later_assignment_ = later_assignment_ || after_ours_;
      return;
    }
    const std::optional<std::string> found = value_in(split_words(value), variable_);
    if (!found) return;
    set_ = found;
    place_ = path;
    later_assignment_ = later_assignment_ || after_ours_;
  }

  void take_file(std::string value, const std::string& path) {
    if (value.empty()) {
      files_.clear();
      if (after_ours_) later_file_reset_ = path;
      return;
    }
    if (value[0] == '-') value.erase(0, 1);
    if (mentions_instance(value)) value = expanded(value);
    files_.push_back({value, after_ours_, value_in_files(root_, value, variable_)});
  }

  // systemd has expanded the specifiers of its list; ours are the same files in the same order.
  std::string expanded(const std::string& written) const {
    if (is_template(unit_.id))
      throw UsageFailure(
          fmt::format("{} reads EnvironmentFile={}, another file for each instance, which may set {}; "
                      "enable its instances one by one",
                      unit_.id, written, variable_));
    std::vector<std::string> known;
    for (const auto& [path, may_be_missing] : unit_.environment_files)
      if (file_name(path) != environment_file_name) known.push_back(path);
    return files_.size() < known.size() ? known[files_.size()] : written;
  }

  const Root& root_;
  const UnitFacts& unit_;
  std::string variable_;
  bool after_ours_ = false;
  bool later_assignment_ = false;
  std::string later_file_reset_;
  std::optional<std::string> set_;
  std::string place_;
  std::vector<EnvironmentFile> files_;
};

}  // namespace

VariableOrigin find_origin(const Root& root, const UnitFacts& unit, const std::vector<std::string>& base,
                           const std::string& variable) {
  return Walk(root, unit, variable).result(base);
}

std::string loaded_value(const Root& root, const UnitFacts& unit, const std::string& variable) {
  std::string value = value_in(unit.environment, variable).value_or("");
  for (const auto& [path, may_be_missing] : unit.environment_files)
    if (const auto found = value_in_files(root, path, variable)) value = *found;
  return value;
}

}  // namespace neap
