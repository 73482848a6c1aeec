#include "tool/systemd/unit_file.h"

#include <gtest/gtest.h>

#include "tool/model/failure.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

using Words = std::vector<std::string>;
using Variables = std::vector<Variable>;

TEST(UnitFile, OnlyTheServiceSectionIsRead) {
  EXPECT_EQ(service_settings("[Unit]\nEnvironment=A=1\n[Service]\nEnvironment=B=2\n[Install]\nEnvironment=C=3\n"),
            (Variables{{"Environment", "B=2"}}));
}

TEST(UnitFile, CommentsBlanksAndContinuedLines) {
  EXPECT_EQ(service_settings("[Service]\n# c\n; c\n\n  Key  =  a \\\n# between\n   b\nEmpty=\nno setting\n"),
            (Variables{{"Key", "a  b"}, {"Empty", ""}}));
}

TEST(UnitFile, WordsAreSplitAsSystemdSplitsThem) {
  EXPECT_EQ(split_words(R"(A=1 "B=two words" 'C=3' D=x"y z"w E=a\sb F=\x41\102)"),
            (Words{"A=1", "B=two words", "C=3", "D=xy zw", "E=a b", "F=AB"}));
  EXPECT_EQ(split_words("  "), Words{});
  EXPECT_EQ(split_words("\"\""), Words{""});
}

TEST(UnitFile, AQuotedWordReadsBackAsItWas) {
  for (const std::string word : {"A=plain", "A=two words", "A=\"x\"", R"(A=back\slash)", "A=", "A='q'"})
    EXPECT_EQ(split_words(quoted_word(word)), Words{word});
}

TEST(EnvironmentFile, QuotesCommentsAndSpaces) {
  EXPECT_EQ(environment_file_variables("# c\nA=1\n  B = two  \nC=\"x y\" \nD='a\\b'\nno line\nE=\n; c\nF=a\\\nb\n"),
            (Variables{{"A", "1"}, {"B", "two"}, {"C", "x y"}, {"D", "a\\b"}, {"E", ""}, {"F", "ab"}}));
}

TEST(EnvironmentFile, ALineOfOursReadsBackAsItWas) {
  for (const std::string value : {"/a:/b", "x y", "a\"b", "a$b", "a\\b", "a'b", ""})
    EXPECT_EQ(environment_file_variables(environment_file_line({"A", value})), (Variables{{"A", value}}));
}

TEST(UnitName, IsCompletedAndChecked) {
  EXPECT_EQ(service_name("tor"), "tor.service");
  EXPECT_EQ(service_name("tor@relay1"), "tor@relay1.service");
  EXPECT_EQ(service_name("tor@.service"), "tor@.service");
  EXPECT_EQ(units_of("tor@.service"), "tor@*.service");
  EXPECT_EQ(instance_of("tor@.service", "a"), "tor@a.service");
  EXPECT_TRUE(is_template(service_name("tor@")));
  for (const char* bad : {"", "a/b", "../etc", "x.socket", "@a", "a b", "a\n"})
    EXPECT_THROW(service_name(bad), UsageFailure) << bad;
  EXPECT_THROW(service_name(std::string(300, 'a')), UsageFailure);
}

}  // namespace
}  // namespace neap
