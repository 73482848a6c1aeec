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

enum Column { timestamp, type, nickname, rss_kb, server, fingerprint, column_count };
constexpr std::array<const char*, column_count> column_names{"timestamp", "type",   "nickname",
                                                             "rss_kb",    "server", "fingerprint"};
constexpr std::size_t needed_columns = server;  // those before it; the others tell relays of one name apart
constexpr auto no_column = static_cast<std::size_t>(-1);

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
    places[column] = found == titles.end() ? no_column : static_cast<std::size_t>(found - titles.begin());
    if (found == titles.end() && column < needed_columns)
      throw UsageFailure(
          fmt::format("'{}' has no column '{}': its first line has to name timestamp, type, nickname "
                      "and rss_kb",
                      path, column_names[column]));
  }
  return places;
}

// One file on its way into the experiment.
class Import {
 public:
  Import(const std::string& path, const GroupMembers& members, KnownRelays& known, Experiment& experiment)
      : path_(path), members_(members), known_(known), experiment_(experiment) {}

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
    static const std::string none;
    if (columns_[column] == no_column) return none;
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
    const auto instance = instance_of({cell(row, server), cell(row, nickname), cell(row, fingerprint)});
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

  std::optional<std::size_t> instance_of(const Relay& relay) {
    if (relay.nickname.empty()) refuse("a relay without a nickname");
    if (const auto known = known_.find(relay)) return known;
    std::string group = experiment_.groups.front();
    if (!members_.empty()) {
      const auto member = members_.find(relay.nickname);
      if (member == members_.end()) return std::nullopt;
      group = member->second;
    }
    known_.add(relay, experiment_.instances.size());
    experiment_.instances.push_back({relay.nickname, group, std::nullopt, relay.server});
    return experiment_.instances.size() - 1;
  }

  const std::string& path_;
  const GroupMembers& members_;
  KnownRelays& known_;
  Experiment& experiment_;
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

std::optional<std::size_t> KnownRelays::find(const Relay& relay) {
  if (const auto same = by_fingerprint_.find({relay.server, relay.fingerprint});
      !relay.fingerprint.empty() && same != by_fingerprint_.end())
    return same->second;
  const auto named = by_nickname_.find({relay.server, relay.nickname});
  if (named == by_nickname_.end()) return std::nullopt;
  if (relay.fingerprint.empty()) return named->second.instance;
  if (named->second.has_fingerprint) return std::nullopt;  // another relay of that name
  add(relay, named->second.instance);
  return named->second.instance;
}

void KnownRelays::add(const Relay& relay, std::size_t instance) {
  if (!relay.fingerprint.empty()) by_fingerprint_[{relay.server, relay.fingerprint}] = instance;
  by_nickname_[{relay.server, relay.nickname}] = {instance, !relay.fingerprint.empty()};
}

ImportCount read_operators_csv(std::istream& file, const std::string& path, const GroupMembers& members,
                               KnownRelays& known, Experiment& experiment) {
  Import import(path, members, known, experiment);
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
                                   name_of(experiment.instances[twin->instance]), show_moment(twin->at)));
}

}  // namespace neap
