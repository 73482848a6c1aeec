#include "tool/metrics/query.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tool/measure/answer.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

constexpr const char* patience_s = "120";

std::string answer_of_curl(const std::vector<std::string>& line, const std::string& url) {
  Answer answer = ask_program(line, "Prometheus is asked by it (apt install curl)");
  if (answer.exit_code != 0)
    throw Failure(fmt::format("no answer from '{}' (curl ended with exit code {})", url, answer.exit_code));
  return std::move(answer.text);
}

void add_point(const nlohmann::json& point, Series& series) {
  const double value = std::strtod(point.at(1).get<std::string>().c_str(), nullptr);
  if (std::isfinite(value))
    series.points.emplace_back(Moment{static_cast<std::int64_t>(point.at(0).get<double>())}, value);
}

Series series_of(const nlohmann::json& result) {
  Series series;
  for (const auto& [name, value] : result.at("metric").items()) series.labels[name] = value.get<std::string>();
  if (result.contains("value")) add_point(result["value"], series);
  if (result.contains("values"))
    for (const nlohmann::json& point : result["values"]) add_point(point, series);
  return series;
}

}  // namespace

PrometheusApi::PrometheusApi(std::string url) : url_(std::move(url)) {
  while (url_.ends_with('/')) url_.pop_back();
  if (!url_.starts_with("http://") && !url_.starts_with("https://"))
    throw UsageFailure(fmt::format("'{}' is no address of a Prometheus, such as http://127.0.0.1:9090", url_));
}

std::vector<Series> PrometheusApi::at(const std::string& expression, Moment moment) const {
  return ask("query", {"query=" + expression, fmt::format("time={}", moment.unix_s)});
}

std::vector<Series> PrometheusApi::between(const std::string& expression, Moment from, Moment until,
                                           Seconds step) const {
  return ask("query_range", {"query=" + expression, fmt::format("start={}", from.unix_s),
                             fmt::format("end={}", until.unix_s), fmt::format("step={}", step.count)});
}

std::vector<Series> PrometheusApi::ask(const std::string& path, const std::vector<std::string>& parameters) const {
  std::vector<std::string> line{"curl", "--silent", "--show-error", "--location", "--max-time", patience_s};
  for (const std::string& parameter : parameters) line.insert(line.end(), {"--data-urlencode", parameter});
  line.push_back(fmt::format("{}/api/v1/{}", url_, path));  // a POST: expressions can be long
  try {
    const auto document = nlohmann::json::parse(answer_of_curl(line, url_));
    if (document.at("status") != "success")
      throw Failure(fmt::format("Prometheus at '{}': {}", url_, document.at("error").get<std::string>()));
    std::vector<Series> all;
    for (const nlohmann::json& result : document.at("data").at("result")) all.push_back(series_of(result));
    return all;
  } catch (const nlohmann::json::exception&) {
    throw Failure(fmt::format("what answers at '{}' is no Prometheus", url_));
  }
}

}  // namespace neap
