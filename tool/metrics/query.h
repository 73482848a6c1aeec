// Questions to a Prometheus over its HTTP interface. They are asked by the program curl. So TLS, passwords (~/.netrc)
// and proxies are the operator's own settings (~/.curlrc), and neap needs no library for a verb that few machines use.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tool/model/moment.h"

namespace neap {

struct Series {
  std::map<std::string, std::string> labels;
  std::vector<std::pair<Moment, double>> points;  // finite ones
};

class PrometheusApi {
 public:
  // Throws UsageFailure for what is no address.
  explicit PrometheusApi(std::string url);

  // Throw Failure with Prometheus' or curl's own words.
  std::vector<Series> at(const std::string& expression, Moment moment) const;
  std::vector<Series> between(const std::string& expression, Moment from, Moment until, Seconds step) const;

 private:
  std::vector<Series> ask(const std::string& path, const std::vector<std::string>& parameters) const;
  std::string url_;
};

}  // namespace neap
