// The rules of neap and the profiles of Debian through AppArmor's own compiler: what it makes of them, and that the
// reading of their text in tool/checks agrees with it. A kernel that enforces AppArmor is not needed.
#include "tests/tool/checks/apparmor_compiled.h"

#include <gtest/gtest.h>
#include <pwd.h>

#include <filesystem>

#include "tests/tool/change/folder.h"
#include "tool/checks/apparmor.h"
#include "tool/checks/apparmor_profile.h"

namespace neap {
namespace {

namespace fs = std::filesystem;
constexpr const char* tor_profile = "system_tor";  // of Debian's package tor
constexpr const char* library = "/usr/lib/x86_64-linux-gnu/libneap.so.0";
constexpr const char* elsewhere = "/opt/neap/libneap.so.0";
constexpr const char* list = "/etc/neap/except";

class AppArmorCompiled : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_apparmor_compiler()) GTEST_SKIP() << "no apparmor_parser";
    if (!fs::exists(std::string("/etc/apparmor.d/") + tor_profile)) GTEST_SKIP() << "no profile of tor";
    fs::create_directories(base_);
    for (const char* part : {"abi", "abstractions", "tunables", "local", tor_profile})
      fs::copy(fs::path("/etc/apparmor.d") / part, base_ / part, fs::copy_options::recursive);
    fs::remove_all(base_ / "abstractions/base.d");
  }
  CompiledProfile compiled(const std::string& file = tor_profile) const {
    return CompiledProfile(base_.string(), file);
  }
  void write_rule(const char* for_library) const {
    folder_.write(apparmor_rule_path, *apparmor_rule(folder_.root(), for_library, list));
  }

  Folder folder_;
  fs::path base_ = folder_.path() + "/etc/apparmor.d";
};

TEST_F(AppArmorCompiled, TorsProfileGrantsALibraryOfTheSystemAndNoneElsewhere) {
  const CompiledProfile tor = compiled();
  EXPECT_TRUE(tor.grants(library, 'm'));
  EXPECT_FALSE(tor.grants(elsewhere, 'm'));
  EXPECT_FALSE(tor.grants(list, 'r'));
  EXPECT_TRUE(tor.grants("/etc/ld.so.preload", 'r'));
}

TEST_F(AppArmorCompiled, TheRuleOfNeapLetsItReadTheListAndMapTheLibrary) {
  write_rule(library);
  EXPECT_TRUE(compiled().grants(list, 'r'));
  EXPECT_FALSE(compiled().grants(elsewhere, 'm'));
  write_rule(elsewhere);
  EXPECT_TRUE(compiled().grants(elsewhere, 'm'));
  EXPECT_FALSE(compiled().grants("/opt/neap/libother.so", 'm'));
}

TEST_F(AppArmorCompiled, TheTextIsReadAsTheCompilerReadsIt) {
  write_rule(elsewhere);
  folder_.write("/etc/apparmor.d/written",
                "#include <tunables/global>\n@{PLACES} = /srv/two \"/srv/three/\"\n@{PLACES} += "
                "/srv/{five,six}\nprofile written {\n  #include <abstractions/base>\n"
                "  /srv/[a-cx]?/**/lib{one,two{,3}}*.so{,.[0-9]} rm,\n  deny /usr/lib/*/libdenied.so* m,\n"
                "  \"/srv/q/quoted.so\" mr,\n  mr /srv/*.so,\n  @{PLACES}/**.so m,\n  @{HOME}/lib/* mr,\n  owner "
                "/srv/d/** m,\n}\n");
  const std::string of_root = std::string(::getpwuid(0)->pw_dir) + "/lib/b.so";
  const char* paths[] = {library,
                         elsewhere,
                         list,
                         "/lib/x86_64-linux-gnu/libneap.so",
                         "/usr/local/lib/libneap.so",
                         "/usr/lib/libneap.so",
                         "/usr/lib/x86_64-linux-gnu/neap/libneap-record.so",
                         "/opt/libneap.so",
                         "/usr/lib/aarch64-linux-gnu/libneap.so.0",
                         "/usr/lib/x86_64-linux-gnu/libdenied.so.0",
                         "/usr/lib/libdenied.so",
                         "/home/a/lib/libneap.so",
                         "/var/lib/tor/libneap.so",
                         "/tmp/libneap.so",
                         "/srv/a1/b/libone.so",
                         "/srv/x1/b/c/libtwo3-x.so.7",
                         "/srv/d1/b/libone.so",
                         "/srv/a/b/libone.so",
                         "/srv/a1/libone.so",
                         "/srv/b2/c/libtwo.so.77",
                         "/srv/q/quoted.so",
                         "/etc/ld.so.cache",
                         "/etc/ld.so.preload",
                         "/srv/two/a/b.so",
                         "/srv/three/b.so",
                         "/srv/four/b.so",
                         "/home/a/lib/b.so",
                         of_root.c_str(),
                         "/srv/x/y.so",
                         "/srv/.so",
                         "/usr/lib64/libneap.so",
                         "/usr/lib/libneap.sox"};
  for (const char* name : {tor_profile, "written"}) {
    const CompiledProfile truth = compiled(name);
    const auto profile = profile_named(folder_.root(), name);
    ASSERT_TRUE(profile) << name;
    for (const char* path : paths)
      for (const char right : {'m', 'r'})
        EXPECT_EQ(grants(folder_.root(), profile->preamble + profile->rules, path, right), truth.grants(path, right))
            << name << ": " << path << " " << right;
  }
}

}  // namespace
}  // namespace neap
