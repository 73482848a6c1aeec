#include "tool/checks/apparmor.h"

#include <gtest/gtest.h>

#include "tests/tool/change/folder.h"
#include "tool/checks/apparmor_profile.h"

namespace neap {
namespace {

constexpr const char* library = "/usr/lib/x86_64-linux-gnu/libneap.so";
constexpr const char* base_file = "/etc/apparmor.d/abstractions/base";
// The lines of Debian's abstractions/base that speak of libraries.
constexpr const char* base =
    "  abi <abi/3.0>,\n  include if exists <abstractions/base.d>\n"
    "  /{usr/,}lib{,32,64}/**                r,\n  /{usr/,}lib{,32,64}/**.so*       mr,\n"
    "  /{usr/,}lib/@{multiarch}/**            r,\n  /{usr/,}lib/@{multiarch}/**.so*   mr,\n";

class AppArmor : public ::testing::Test {
 protected:
  AppArmor() { folder.write(base_file, base); }
  bool maps(const std::string& rules, const std::string& path = library) {
    return grants(folder.root(), "profile x {\n" + rules + "}\n", path, 'm');
  }
  Folder folder;
};

TEST_F(AppArmor, TheBaseAbstractionGrantsLibrariesOfTheSystemOnly) {
  EXPECT_TRUE(maps("  include <abstractions/base>\n"));
  EXPECT_TRUE(maps("  #include <abstractions/base>\n"));
  EXPECT_FALSE(maps("  # include <abstractions/base>\n"));
  EXPECT_FALSE(maps("  include <abstractions/base>\n", "/usr/local/lib/libneap.so"));
  EXPECT_FALSE(maps("  include <abstractions/base>\n", "/opt/libneap.so"));
}

TEST_F(AppArmor, GlobsMeanWhatTheyMeanThere) {
  EXPECT_TRUE(maps("  /usr/lib/*/libneap.so mr,\n"));
  EXPECT_FALSE(maps("  /usr/lib/*.so mr,\n"));
  EXPECT_TRUE(maps("  /usr/**/lib[m-o]eap.so? rm,\n", "/usr/lib/libneap.so1"));
  EXPECT_FALSE(maps("  /usr/lib/** r,\n"));
  EXPECT_TRUE(maps("  owner /{opt,usr/{lib,share}}/** rm, # comment\n"));
}

TEST_F(AppArmor, ADenialWins) {
  EXPECT_FALSE(maps("  /usr/lib/** mr,\n  deny /usr/lib/**/libneap.so m,\n"));
  EXPECT_FALSE(maps("  deny /usr/lib/**/libneap.so m,\n  /usr/lib/** mr,\n"));
}

TEST_F(AppArmor, AFolderOfRulesIsReadWhereItExists) {
  EXPECT_FALSE(maps("  include <abstractions/base>\n", "/opt/libneap.so"));
  folder.write("/etc/apparmor.d/abstractions/base.d/mine", "/opt/libneap.so mr,\n");
  EXPECT_TRUE(maps("  include <abstractions/base>\n", "/opt/libneap.so"));
}

TEST_F(AppArmor, AnIncludeOfItselfEnds) {
  folder.write("/etc/apparmor.d/loop", "include <loop>\n");
  EXPECT_FALSE(maps("  include <loop>\n"));
}

TEST_F(AppArmor, TheRuleSaysWhatBaseDoesNot) {
  EXPECT_EQ(*apparmor_rule(folder.root(), library, "/etc/neap/except"),
            "# Written by neap: what libneap needs in every confined program.\n/etc/neap/except r,\n");
  const std::string rule = *apparmor_rule(folder.root(), "/opt/libneap.so", "/etc/neap/except");
  EXPECT_NE(rule.find("/opt/libneap.so mr,\n"), std::string::npos);
  EXPECT_EQ(apparmor_rule(Folder().root(), library, "/x"), std::nullopt);
}

TEST_F(AppArmor, AUnitsProfileIsCheckedWhereTheKernelEnforces) {
  UnitFacts unit;
  unit.id = "tor@default.service";
  unit.hardening.apparmor_profile = "system_tor";
  folder.write("/etc/apparmor.d/system_tor",
               "profile system_tor flags=(attach_disconnected) {\n  /usr/bin/tor r,\n}\n");
  auto findings = check_apparmor(folder.root(), unit, library);
  EXPECT_EQ(first_obstacle(findings), nullptr);
  folder.write("/sys/module/apparmor/parameters/enabled", "Y\n");
  findings = check_apparmor(folder.root(), unit, library);
  ASSERT_NE(first_obstacle(findings), nullptr);
  EXPECT_NE(findings[0].what.find("system_tor"), std::string::npos);
  folder.write("/etc/apparmor.d/system_tor", "profile system_tor {\n  #include <abstractions/base>\n}\n");
  findings = check_apparmor(folder.root(), unit, library);
  EXPECT_EQ(first_obstacle(findings), nullptr);
}

TEST_F(AppArmor, AProfileThatAttachesItselfIsFoundByTheProgram) {
  UnitFacts unit;
  unit.programs = {"/usr/sbin/served"};
  folder.write("/sys/module/apparmor/parameters/enabled", "Y\n");
  EXPECT_TRUE(check_apparmor(folder.root(), unit, library).empty());
  folder.write("/etc/apparmor.d/all", "/usr/sbin/* {\n  include <abstractions/base>\n}\n");
  EXPECT_EQ(first_obstacle(check_apparmor(folder.root(), unit, library)), nullptr);
  const std::string strict =
      "include <place>\n# a brace in a comment: {\nprofile other /usr/bin/other {\n  /{usr/,}lib/** mr,\n}\n"
      "profile strict \"@{PLACE}/{served,server}\" flags=(attach_disconnected) {\n  ^HAT {\n  }\n  /etc/** r,\n}\n";
  folder.write("/etc/apparmor.d/strict", strict);
  folder.write("/etc/apparmor.d/place", "@{PLACE} = /usr/{,local/}sbin\n");
  const auto findings = check_apparmor(folder.root(), unit, library);
  ASSERT_NE(first_obstacle(findings), nullptr);
  EXPECT_NE(findings[0].what.find("profile strict does not let it map"), std::string::npos) << findings[0].what;
}

TEST_F(AppArmor, AProfileThatIsNotEnforcedHindersNothing) {
  UnitFacts unit;
  unit.hardening.apparmor_profile = "-strict";
  folder.write("/sys/module/apparmor/parameters/enabled", "Y\n");
  folder.write("/etc/apparmor.d/strict", "profile strict {\n}\n");
  const auto says = [&](const std::string& loaded) {
    folder.write("/sys/kernel/security/apparmor/profiles", loaded);
    return check_apparmor(folder.root(), unit, library)[0].what;
  };
  EXPECT_EQ(says("strict (enforce)\n"), std::string("profile strict does not let it map ") + library);
  EXPECT_EQ(says("other (enforce)\nstrict (complain)\n"), "profile strict only complains");
  EXPECT_EQ(says("strict//child (enforce)\n"), "profile strict is not loaded");
}

}  // namespace
}  // namespace neap
