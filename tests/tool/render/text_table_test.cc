#include "tool/render/text_table.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tool/model/text.h"

namespace neap {
namespace {

TextTable made_table() {
  TextTable table({{"ALLOCATOR", Align::left}, {"MEAN"}, {"x", Align::right, true}, {"PEAK"}, {"CPU"}});
  table.add({"libc", "352.1", "1.00", "368.0", "70.80"});
  table.add({"neap", {"61.5", true}, "0.17", {"195.9", true}, "73.30"});
  return table;
}

std::size_t widest(const std::string& text) {
  std::istringstream lines(text);
  std::size_t most = 0;
  for (std::string line; std::getline(lines, line);) most = std::max(most, width_of(line));
  return most;
}

TEST(ATable, NumbersStandRightBelowTheirTitles) {
  EXPECT_EQ(made_table().text(false, 80),
            "ALLOCATOR   MEAN     x   PEAK    CPU\n"
            "libc       352.1  1.00  368.0  70.80\n"
            "neap        61.5  0.17  195.9  73.30\n");
}

TEST(ATable, WhatDoesNotFitIsStackedAndNothingIsLost) {
  for (std::size_t width = 22; width < 80; ++width) {
    const std::string text = made_table().text(false, width);
    EXPECT_LE(widest(text), width) << text;
    for (const char* word : {"352.1", "0.17", "195.9", "73.30", "MEAN", "PEAK", "CPU"})
      EXPECT_NE(text.find(word), std::string::npos) << width;
  }
  EXPECT_EQ(made_table().text(false, 25),
            "ALLOCATOR   MEAN     x\nlibc       352.1  1.00\nneap        61.5  0.17\n\n"
            "ALLOCATOR   PEAK    CPU\nlibc       368.0  70.80\nneap       195.9  73.30\n");
}

TEST(ATable, TheBestIsSetOff) {
  EXPECT_NE(made_table().text(true, 80).find("\x1b["), std::string::npos);
  EXPECT_EQ(made_table().text(false, 80).find("\x1b["), std::string::npos);
  EXPECT_NE(made_table().markdown().find("| neap | **61.5** | 0.17 | **195.9** | 73.30 |"), std::string::npos);
}

TEST(ATable, EscapeCodesInNamesReachNoTerminal) {
  TextTable table({{"NAME", Align::left}});
  table.add({"a\x1b[31mb"});
  EXPECT_EQ(table.text(false, 80), "NAME\na\\x1b[31mb\n");
}

}  // namespace
}  // namespace neap
