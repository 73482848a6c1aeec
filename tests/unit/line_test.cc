#include "base/line.h"

#include <gtest/gtest.h>

#include <string>

namespace neap {
namespace {

std::string said(const Line& line) { return {line.data(), line.size()}; }

TEST(Line, BeginsEmpty) { EXPECT_EQ(said(Line()), ""); }

TEST(Line, JoinsTextNumbersAndPointers) {
  Line line;
  line.text("a").text("bcd", 2).number(0).text(" ").number(UINT64_MAX).text(" ").pointer(nullptr);
  EXPECT_EQ(said(line), "abc0 18446744073709551615 0x0");
}

TEST(Line, WritesPointersInLowerCase) {
  Line line;
  line.pointer(reinterpret_cast<const void*>(std::uintptr_t{0x1234567890abcdef}));
  EXPECT_EQ(said(line), "0x1234567890abcdef");
}

TEST(Line, CutsWhatDoesNotFitAndOverrunsNothing) {
  const std::string longer(600, 'x');
  struct {
    Line line;
    char behind[8] = "behind";
  } both;
  both.line.text(longer.c_str()).number(1);
  EXPECT_EQ(said(both.line), longer.substr(0, 512));
  EXPECT_STREQ(both.behind, "behind");
}

}  // namespace
}  // namespace neap
