#include "tool/checks/hardening.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/tool/change/folder.h"

namespace neap {
namespace {

constexpr const char* library = "/usr/lib/x86/libneap.so";

class HardeningTest : public ::testing::Test {
 protected:
  HardeningTest() {
    unit.id = "x.service";
    folder.write(library, "");
    ::chmod(folder.path().c_str(), 0755);
  }

  // The subject of the first obstacle; empty: none.
  std::string obstacle(const std::string& path = library) {
    const auto findings = check_hardening(folder.root(), unit, path);
    const Finding* found = first_obstacle(findings);
    if (found == nullptr) return {};
    EXPECT_FALSE(found->advice.empty());
    return found->subject;
  }

  Folder folder;
  UnitFacts unit;
};

TEST_F(HardeningTest, NothingSetNothingFound) { EXPECT_EQ(obstacle(), ""); }

TEST_F(HardeningTest, TheLongestOfExecPathsAndNoExecPathsDecides) {
  unit.hardening.no_exec_paths = {"/"};
  EXPECT_EQ(obstacle(), "NoExecPaths");
  unit.hardening.exec_paths = {"/usr/bin/x", "-/usr/lib"};
  EXPECT_EQ(obstacle(), "");
  unit.hardening.no_exec_paths = {"/", "/usr/lib/x86"};
  EXPECT_EQ(obstacle(), "NoExecPaths");
  unit.hardening.exec_paths = {"/usr/li"};
  EXPECT_EQ(obstacle(), "NoExecPaths");
}

TEST_F(HardeningTest, HiddenPlaces) {
  unit.hardening.protect_home = "yes";
  EXPECT_EQ(obstacle("/home/me/libneap.so"), "ProtectHome");
  unit.hardening.protect_home = "read-only";
  EXPECT_EQ(obstacle("/home/me/libneap.so"), "");
  unit.hardening.private_tmp = true;
  EXPECT_EQ(obstacle("/tmp/libneap.so"), "PrivateTmp");
  EXPECT_EQ(obstacle(), "");
  unit.hardening.inaccessible_paths = {"-/usr/lib/x86"};
  EXPECT_EQ(obstacle(), "InaccessiblePaths");
}

TEST_F(HardeningTest, AnotherRoot) {
  unit.hardening.root_directory = "/srv/jail";
  EXPECT_EQ(obstacle(), "RootDirectory");
  folder.write(std::string("/srv/jail") + library, "");
  EXPECT_EQ(obstacle(), "");
  unit.hardening.root_image = "/srv/image.raw";
  EXPECT_EQ(obstacle(), "RootImage");
}

TEST_F(HardeningTest, AUserWhoMayNotReadIt) {
  ::chmod((folder.path() + library).c_str(), 0640);
  EXPECT_EQ(obstacle(), "");
  unit.hardening.user = "redis";
  EXPECT_EQ(obstacle(), "User");
  unit.hardening.dynamic_user = true;
  EXPECT_EQ(obstacle(), "DynamicUser");
  ::chmod((folder.path() + library).c_str(), 0644);
  EXPECT_EQ(obstacle(), "");
  ::chmod((folder.path() + "/usr/lib").c_str(), 0700);
  EXPECT_EQ(obstacle(), "DynamicUser");
}

TEST_F(HardeningTest, SystemCalls) {
  unit.hardening.system_calls = {"ptrace"};
  EXPECT_EQ(obstacle(), "");
  unit.hardening.system_calls = {"madvise"};
  EXPECT_EQ(obstacle(), "SystemCallFilter");
  unit.hardening.system_calls_allowed = true;
  EXPECT_EQ(obstacle(), "SystemCallFilter");
  unit.hardening.system_calls = {"mmap", "munmap", "mprotect", "madvise", "futex", "read"};
  EXPECT_EQ(obstacle(), "");
  unit.hardening.architectures = {"x86"};
  EXPECT_EQ(obstacle(), "SystemCallArchitectures");
  unit.hardening.architectures = {"native"};
  EXPECT_EQ(obstacle(), "");
}

}  // namespace
}  // namespace neap
