#include "tool/model/duration.h"

#include <gtest/gtest.h>

namespace neap {
namespace {

TEST(Duration, IsReadAsAPersonWritesIt) {
  const std::pair<const char*, double> written[] = {{"90", 90},        {"1.5", 1.5},   {"10s", 10},
                                                    {"5min", 300},     {"24h", 86400}, {"1h30m", 5400},
                                                    {"7d", 7 * 86400}, {"250ms", 0.25}};
  for (const auto& [text, seconds] : written) {
    ASSERT_TRUE(parse_duration(text)) << text;
    EXPECT_DOUBLE_EQ(parse_duration(text)->count, seconds) << text;
  }
  for (const char* text : {"", "soon", "-1", "5 min", "1y", "h", "1h30"}) EXPECT_FALSE(parse_duration(text)) << text;
}

}  // namespace
}  // namespace neap
