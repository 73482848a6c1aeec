#include "tool/experiment/operators_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <istream>
#include <optional>

#include "tool/model/failure.h"

namespace neap {
namespace {

enum Column { timestamp, type, nickname, rss_kb, column_count };
constexpr std::array<const char*, column_count> column_names{"timestamp", "type", "nickname", "rss_kb"};

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells{""};
  for (const char letter : line) {
    if (letter == ',')
      cells.emplace_back();
    else if (letter != '\r')
      cells.back() += letter;
  }
  return cells;
}

// Where the needed columns stand.
std::array<std::size_t, column_count> find_columns(const std::string& head, const std::string& path) {
  const std::vector<std::string> titles = cells_of(head);
  std::array<std::size_t, column_count> places{};
  for (std::size_t column = 0; column < column_count; ++column) {
    const auto found = std::find(titles.begin(), titles.end(), column_names[column]);
    if (found == titles.end())
      throw UsageFailure(
          fmt::format("'{}' has no column '{}': its first line has to name timestamp, type, nickname "
                      "and rss_kb",
                      path, column_names[column]));
    places[column] = static_cast<std::size_t>(found - titles.begin());
  }
  return places;
}

// One file on its way into the experiment.
class Import {
 public:
  Import(const std::string& path, const GroupMembers& members, Experiment& experiment)
      : path_(path), members_(members), experiment_(experiment) {
    for (std::size_t at = 0; at < experiment.instances.size(); ++at) known_[experiment.instances[at].name] = at;
  }

  void read(std::istream& file) {
    std::string line;
    std::getline(file, line);
    columns_ = find_columns(line, path_);
    for (number_ = 2; std::getline(file, line); ++number_)
      if (!line.empty() && line != "\r") read_row(cells_of(line));
  }

  ImportCount count;

 private:
  [[noreturn]] void refuse(const std::string& reason) const {
    throw UsageFailure(fmt::format("'{}', line {}: {}", path_, number_, reason));
  }

  const std::string& cell(const std::vector<std::string>& row, Column column) const {
    if (columns_[column] >= row.size()) refuse(fmt::format("the row ends before its {}", column_names[column]));
    return row[columns_[column]];
  }

  void read_row(const std::vector<std::string>& row) {
    const std::string& kind = cell(row, type);
    if (kind == "aggregate") {
      ++count.aggregates;
      return;
    }
    if (kind != "relay") refuse(fmt::format("type '{}' is neither relay nor aggregate", kind));
    const auto instance = instance_of(cell(row, nickname));
    if (!instance) {
      ++count.outside;
      return;
    }
    const auto at = parse_moment(cell(row, timestamp));
    if (!at) refuse(fmt::format("'{}' is no time such as 2026-01-05T02:00:01", cell(row, timestamp)));
    experiment_.readings.push_back({*at, *instance, kibibytes(number_in(cell(row, rss_kb))), std::nullopt});
    ++count.readings;
  }

  std::uint64_t number_in(const std::string& text) const {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    constexpr std::uint64_t most_kib = std::uint64_t{1} << 42;
    if (error != std::errc() || end != text.data() + text.size() || value > most_kib)
      refuse(fmt::format("rss_kb is '{}', not a number of KiB", text));
    return value;
  }

  std::optional<std::size_t> instance_of(const std::string& name) {
    if (name.empty()) refuse("a relay without a nickname");
    if (const auto found = known_.find(name); found != known_.end()) return found->second;
    std::string group = experiment_.groups.front();
    if (!members_.empty()) {
      const auto member = members_.find(name);
      if (member == members_.end()) return std::nullopt;
      group = member->second;
    }
    known_[name] = experiment_.instances.size();
    experiment_.instances.push_back({name, group, std::nullopt});
    return known_[name];
  }

  const std::string& path_;
  const GroupMembers& members_;
  Experiment& experiment_;
  std::map<std::string, std::size_t> known_;
  std::array<std::size_t, column_count> columns_{};
  std::size_t number_ = 0;
};

}  // namespace

void read_group_file(std::istream& file, const std::string& path, const std::string& group, GroupMembers& members) {
  std::string line;
  while (std::getline(file, line)) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (line.empty() || line.front() == '#') continue;
    const auto [member, added] = members.emplace(line, group);
    if (!added) throw UsageFailure(fmt::format("'{}': {} is in group {} already", path, line, member->second));
  }
}

ImportCount read_operators_csv(std::istream& file, const std::string& path, const GroupMembers& members,
                               Experiment& experiment) {
  Import import(path, members, experiment);
  import.read(file);
  return import.count;
}

void sort_readings(Experiment& experiment) {
  auto& readings = experiment.readings;
  const auto key = [](const Reading& reading) { return std::pair(reading.at, reading.instance); };
  std::sort(readings.begin(), readings.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  const auto twin = std::adjacent_find(readings.begin(), readings.end(),
                                       [&](const auto& a, const auto& b) { return key(a) == key(b); });
  if (twin != readings.end())
    throw UsageFailure(fmt::format("{} has two readings at {}: was a file given twice?",
                                   experiment.instances[twin->instance].name, show_moment(twin->at)));
}

}  // namespace neap
