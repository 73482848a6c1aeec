// JSON as text, whatever bytes its strings hold: what is no UTF-8 becomes U+FFFD instead of an error, and everything
// beyond ASCII is escaped, so that no name can steer the terminal that shows it. `Json`: one of nlohmann's.
#pragma once
#include <string>

namespace neap {

template <class Json>
std::string json_text(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', true, Json::error_handler_t::replace);
}

}  // namespace neap
