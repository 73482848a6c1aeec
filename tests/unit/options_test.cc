#include "base/options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace neap {
namespace {

struct Parsed {
  Options options;
  std::vector<std::string> complaints;
};

Parsed parse(const char* text) {
  Parsed parsed;
  parse_options(text, parsed.options,
                [&](const Line& line) { parsed.complaints.emplace_back(line.data(), line.size()); });
  return parsed;
}

bool are_defaults(const Options& options) {
  const Options defaults;
  for (const OptionRow& row : kOptionTable) {
    if (options.*(row.value) != defaults.*(row.value)) return false;
  }
  return true;
}

TEST(Options, EveryRowTakesItsLeastAndItsMost) {
  for (const OptionRow& row : kOptionTable) {
    for (const std::uint64_t value : {row.least, row.most}) {
      if (value > UINT64_MAX >> 30) continue;
      const Parsed parsed = parse((std::string(row.name) + ":" + std::to_string(value)).c_str());
      EXPECT_TRUE(parsed.complaints.empty()) << row.name << ": " << parsed.complaints[0];
      EXPECT_EQ(parsed.options.*(row.value), value) << row.name;
    }
  }
}

TEST(Options, ASwitchIsOffUnlessAskedForButForTwo) {
  const Options defaults;
  for (const OptionRow& row : kOptionTable) {
    if (row.most != 1) continue;
    const bool on = row.value == &Options::cpu_caches || row.value == &Options::huge_pages;
    EXPECT_EQ(defaults.*(row.value), on ? 1u : 0u) << row.name;
  }
}

TEST(Options, TheLargestValuesAreTaken) {
  EXPECT_EQ(parse("decay_events:1024G").options.decay_events, std::uint64_t{1} << 40);
  EXPECT_EQ(parse("decay_events:1025G").complaints.size(), 1u);
  EXPECT_EQ(parse("dirty_floor:1024G").options.dirty_floor, std::uint64_t{1} << 40);
  EXPECT_EQ(parse("dirty_floor:1025G").complaints.size(), 1u);
  EXPECT_EQ(parse("soft_limit:65536G").options.soft_limit, std::uint64_t{1} << 46);
  EXPECT_EQ(parse("soft_limit:65537G").complaints.size(), 1u);
}

TEST(Options, WhatHardenedSetsIsASwitchTurnedOnOrAMebibyte) {
  for (const HardenedOption& one : kHardenedOptions)
    EXPECT_EQ(one.when_hardened, one.value == &Options::quarantine ? 1u << 20 : 1u);
}

TEST(Options, HardenedTurnsOnItsSwitchesAndThoseBehindItCount) {
  EXPECT_FALSE(is_hardened(Options{}));
  const Options all = parse("hardened:1").options;
  for (const HardenedOption& one : kHardenedOptions) EXPECT_EQ(all.*one.value, one.when_hardened);
  EXPECT_TRUE(is_hardened(all));
  EXPECT_EQ(parse("hardened:1,canaries:0,quarantine:64K").options.canaries, 0u);
  EXPECT_EQ(parse("hardened:1,quarantine:64K").options.quarantine, 64u << 10);
  EXPECT_EQ(parse("canaries:0,hardened:1").options.canaries, 1u);
  EXPECT_FALSE(is_hardened(parse("hardened:1,hardened:0").options));
  EXPECT_FALSE(is_hardened(parse("check:1").options));
  for (const char* one :
       {"zero_on_free:1", "quarantine:1", "canaries:1", "random_slots:1", "guard_pages:1", "no_reuse_of_addresses:1"})
    EXPECT_TRUE(is_hardened(parse(one).options)) << one;
}

TEST(Options, EveryRowRefusesWhatIsAboveItsMost) {
  for (const OptionRow& row : kOptionTable) {
    const Parsed parsed = parse((std::string(row.name) + ":" + std::to_string(row.most + 1)).c_str());
    ASSERT_EQ(parsed.complaints.size(), 1u) << row.name;
    EXPECT_NE(parsed.complaints[0].find(row.name), std::string::npos);
    EXPECT_NE(parsed.complaints[0].find("the default stays"), std::string::npos);
    EXPECT_TRUE(are_defaults(parsed.options));
  }
}

TEST(Options, EveryDefaultIsInItsRange) {
  const Options defaults;
  for (const OptionRow& row : kOptionTable) {
    EXPECT_GE(defaults.*(row.value), row.least) << row.name;
    EXPECT_LE(defaults.*(row.value), row.most) << row.name;
  }
}

TEST(Options, SuffixesArePowersOf1024) {
  EXPECT_EQ(parse("cache_bytes:64K").options.cache_bytes, 64u << 10);
  EXPECT_EQ(parse("dirty_floor:3M").options.dirty_floor, 3u << 20);
  EXPECT_EQ(parse("dirty_floor:2G").options.dirty_floor, std::uint64_t{2} << 30);
}

TEST(Options, AWordMayStandForANumber) {
  const Parsed parsed = parse("soft_limit:cgroup");
  EXPECT_TRUE(parsed.complaints.empty());
  EXPECT_EQ(parsed.options.soft_limit, kByControlGroup);
  EXPECT_EQ(parse("soft_limit:256M").options.soft_limit, 256u << 20);
  for (const char* text : {"soft_limit:cgroups", "soft_limit:cgrou", "soft_limit:", "soft_limit:c", "stats:cgroup"}) {
    const Parsed bad = parse(text);
    ASSERT_EQ(bad.complaints.size(), 1u) << text;
    EXPECT_EQ(bad.options.soft_limit, 0u);
    EXPECT_EQ(bad.complaints[0].find("or 'cgroup'") != std::string::npos, text[1] == 'o') << bad.complaints[0];
  }
}

TEST(Options, SeveralKeysAreReadInTurnAndTheLastWins) {
  const Parsed parsed = parse("decay_events:5,dirty_percent:7,decay_events:6");
  EXPECT_TRUE(parsed.complaints.empty());
  EXPECT_EQ(parsed.options.decay_events, 6u);
  EXPECT_EQ(parsed.options.dirty_percent, 7u);
}

TEST(Options, BadValuesAreNamedAndLeaveTheDefault) {
  for (const char* value : {"", "x", "-1", "1x", "K", "1KK", "0x10", " 1", "1 ", "99999999999999999999",
                            "18446744073709551616", "17179869184G", "1.5", "1:2"}) {
    const Parsed parsed = parse((std::string("decay_events:") + value).c_str());
    ASSERT_EQ(parsed.complaints.size(), 1u) << value;
    EXPECT_NE(parsed.complaints[0].find("not '" + std::string(value) + "'"), std::string::npos) << parsed.complaints[0];
    EXPECT_TRUE(are_defaults(parsed.options)) << value;
  }
}

TEST(Options, AKeyWithoutValueIsABadValue) {
  EXPECT_EQ(parse("decay_events").complaints.size(), 1u);
  EXPECT_EQ(parse("decay_events,dirty_percent:7").options.dirty_percent, 7u);
}

TEST(Options, AnUnknownKeyIsNamedWithTheKnownOnes) {
  const Parsed parsed = parse("decay:1,dirty_percent:7,decay_events_:2");
  ASSERT_EQ(parsed.complaints.size(), 2u);
  EXPECT_NE(parsed.complaints[0].find("'decay'"), std::string::npos);
  for (const OptionRow& row : kOptionTable)
    EXPECT_NE(parsed.complaints[0].find(row.name), std::string::npos) << row.name;
  EXPECT_EQ(parsed.options.dirty_percent, 7u);
}

TEST(Options, EmptyPiecesAreNothing) {
  for (const char* text : {"", ",", ",,", ",decay_events:3,"}) EXPECT_TRUE(parse(text).complaints.empty()) << text;
  EXPECT_EQ(parse(",decay_events:3,").options.decay_events, 3u);
}

TEST(Options, AVeryLongKeyIsCutNotOverrun) {
  const Parsed parsed = parse((std::string(5000, 'k') + ":1").c_str());
  ASSERT_EQ(parsed.complaints.size(), 1u);
  EXPECT_LE(parsed.complaints[0].size(), 512u);
}

}  // namespace
}  // namespace neap
