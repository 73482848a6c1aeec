// The language of /etc/apparmor.d as far as rules of files need it: lines, includes, variables.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tool/change/durable.h"

namespace neap {

inline constexpr const char* policy_folder = "/etc/apparmor.d";

// A file's text; empty without the file.
std::string policy_text(const Root& root, const std::string& path);

// Every line of the text and of what it includes, without comment, blanks at its ends and the last comma.
void each_policy_line(const Root& root, const std::string& text, const std::function<void(const std::string&)>& take);

std::vector<std::string> words_of(std::string_view line);
std::string without_quotes(const std::string& word);

class PolicyVariables {
 public:
  // Whether the line is an assignment: @{NAME} = VALUE..., or += for more of them.
  bool take(const std::string& line);
  // Every variable becomes {VALUE,VALUE}; one that is not known stays, and fits no path.
  std::string expanded(std::string pattern) const;

 private:
  std::map<std::string, std::vector<std::string>> values_{{"@{multiarch}", {"*-linux-gnu*"}}};
};

}  // namespace neap
