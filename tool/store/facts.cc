#include "tool/store/facts.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tool/model/failure.h"
#include "tool/model/json_text.h"
#include "tool/model/text.h"

namespace neap {
namespace {

std::string find(const FactTexts& texts, const char* name) {
  const auto found = texts.find(name);
  return found == texts.end() ? std::string() : found->second;
}

constexpr double most = 1e15;  // bytes, seconds or counts: more than any machine has is no figure

// The number of this name; empty where there is none. Throws UsageFailure for a text that is no number.
std::optional<double> find_number(const FactTexts& texts, const char* name) {
  const std::string text = find(texts, name);
  if (text.empty()) return std::nullopt;
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (*end != '\0' || !(number >= 0 && number <= most))
    throw UsageFailure(fmt::format("'{}' is damaged: its {} is '{}'", find(texts, file_fact), name, text));
  return number;
}

std::optional<Seconds> find_seconds(const FactTexts& texts, const char* name) {
  const auto number = find_number(texts, name);
  if (!number) return std::nullopt;
  return Seconds{*number};
}

std::optional<std::uint64_t> find_count(const FactTexts& texts, const char* name) {
  const auto number = find_number(texts, name);
  if (!number) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

// JSON of the words of a command, which may be any bytes. Bytes that are no character are kept as "\xNN".
std::string as_json(const std::vector<std::string>& words) {
  nlohmann::json array = nlohmann::json::array();
  for (const std::string& word : words) array.push_back(as_utf8(word));
  return json_text(array);
}

}  // namespace

FactTexts to_texts(const RunFacts& facts) {
  return {{"label", facts.label},
          {"allocator", facts.allocator},
          {"library", facts.library},
          {"command", as_json(facts.command)},
          {"host", facts.host},
          {"kernel", facts.kernel},
          {"started_at", facts.started_at},
          {"joined", facts.joined ? "1" : "0"},
          {"interval_s", fmt::format("{}", facts.interval.count)},
          {"budget_percent", fmt::format("{}", facts.budget_percent)},
          {"recorder", "neap " NEAP_VERSION}};
}

FactTexts to_texts(const RunEnd& end) {
  FactTexts texts{{"wall_s", fmt::format("{:.6f}", end.wall.count)},
                  {"own_cpu_percent", fmt::format("{:.4f}", end.own_cpu_percent)},
                  {"sample_interval_s", fmt::format("{:.3f}", end.sample_interval.count)},
                  {"detail_interval_s", fmt::format("{:.3f}", end.detail_interval.count)},
                  {"most_processes", fmt::format("{}", end.most_processes)},
                  {"interrupted", end.interrupted ? "1" : "0"},
                  {"timed_out", end.timed_out ? "1" : "0"}};
  if (end.exit_code) texts["exit_code"] = fmt::format("{}", *end.exit_code);
  if (end.asked_to_stop) texts["asked_to_stop_s"] = fmt::format("{:.6f}", end.asked_to_stop->count);
  if (end.user) texts["user_s"] = fmt::format("{:.6f}", end.user->count);
  if (end.system) texts["system_s"] = fmt::format("{:.6f}", end.system->count);
  if (end.peak_rss) texts["peak_rss"] = fmt::format("{}", end.peak_rss->count);
  if (end.minor_faults) texts["minor_faults"] = fmt::format("{}", *end.minor_faults);
  if (end.major_faults) texts["major_faults"] = fmt::format("{}", *end.major_faults);
  return texts;
}

RunFacts facts_from(const FactTexts& texts) {
  RunFacts facts;
  facts.label = find(texts, "label");
  facts.allocator = find(texts, "allocator");
  facts.library = find(texts, "library");
  const auto command = nlohmann::json::parse(find(texts, "command"), nullptr, false);
  if (command.is_array())
    for (const auto& part : command)
      if (part.is_string()) facts.command.push_back(part.get<std::string>());
  facts.host = find(texts, "host");
  facts.kernel = find(texts, "kernel");
  facts.started_at = find(texts, "started_at");
  facts.joined = find(texts, "joined") == "1";
  facts.interval = find_seconds(texts, "interval_s").value_or(Seconds{});
  facts.budget_percent = find_number(texts, "budget_percent").value_or(0);
  return facts;
}

std::optional<RunEnd> end_from(const FactTexts& texts) {
  const auto wall = find_seconds(texts, "wall_s");
  if (!wall) return std::nullopt;
  RunEnd end;
  end.wall = *wall;
  if (const auto code = find_number(texts, "exit_code")) end.exit_code = static_cast<int>(*code);
  end.user = find_seconds(texts, "user_s");
  end.system = find_seconds(texts, "system_s");
  if (const auto peak = find_count(texts, "peak_rss")) end.peak_rss = Bytes{*peak};
  end.minor_faults = find_count(texts, "minor_faults");
  end.major_faults = find_count(texts, "major_faults");
  end.own_cpu_percent = find_number(texts, "own_cpu_percent").value_or(0);
  end.sample_interval = find_seconds(texts, "sample_interval_s").value_or(Seconds{});
  end.detail_interval = find_seconds(texts, "detail_interval_s").value_or(Seconds{});
  end.most_processes = find_count(texts, "most_processes").value_or(0);
  end.asked_to_stop = find_seconds(texts, "asked_to_stop_s");
  end.interrupted = find(texts, "interrupted") == "1";
  end.timed_out = find(texts, "timed_out") == "1";
  return end;
}

}  // namespace neap
