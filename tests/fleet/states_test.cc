// No state of `neap status` is silent: the manual tells of each, and the table of alerts (rules/states.yml, which
// promtool plays) has it among what is written, and but for `on` among what fires.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "tool/model/switch_state.h"

namespace neap {
namespace {

std::string text_of(const char* path) {
  std::ifstream file(std::string(NEAP_SOURCE) + "/" + path);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

bool has(const std::string& text, std::string_view before, std::string_view word, std::string_view behind) {
  return text.find(std::string(before).append(word).append(behind)) != std::string::npos;
}

TEST(States, EachIsInTheManual) {
  const std::string manual = text_of("docs/service.md");
  for (const std::string_view word : switch_state_words) EXPECT_TRUE(has(manual, "\n| `", word, "` | ")) << word;
}

TEST(States, EachHasItsAlert) {
  const std::string played = text_of("tests/fleet/rules/states.yml");
  for (const std::string_view word : switch_state_words) {
    EXPECT_TRUE(has(played, "state=\"", word, "\"")) << word;
    const bool fires =
        has(played, "\", unit=\"", word, "\"}', value: 1}") || has(played, "\", target=\"", word, "\"}', value: 1}");
    EXPECT_EQ(fires, word != "on") << word;
  }
}

}  // namespace
}  // namespace neap
