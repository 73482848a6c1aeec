#include "tool/systemd/unit_name.h"

#include <gtest/gtest.h>

namespace neap {
namespace {

TEST(UnitName, PatternsNameUnitsWithAndWithoutTheirEnding) {
  EXPECT_TRUE(fits_any("tor@relay1.service", {"tor@*"}));
  EXPECT_TRUE(fits_any("tor@relay1.service", {"nginx", "tor@relay?.service"}));
  EXPECT_TRUE(fits_any("nginx.service", {"nginx"}));
  EXPECT_FALSE(fits_any("nginx-debug.service", {"nginx"}));
  EXPECT_FALSE(fits_any("tor.service", {"tor@*"}));
  EXPECT_FALSE(fits_any("tor.service", {}));
}

}  // namespace
}  // namespace neap
