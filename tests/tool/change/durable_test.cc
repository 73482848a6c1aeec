#include "tool/change/durable.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tool/change/folder.h"
#include "tool/change/lock.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

TEST(Durable, WritesReplacesAndRemoves) {
  const Folder folder;
  const std::string path = folder.path() + "/file";
  EXPECT_EQ(read_image(path), std::nullopt);
  write_durably(path, fresh_image("one", 0600));
  write_durably(path, fresh_image(std::string("t\0wo", 4), 0640));
  const auto image = read_image(path);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->bytes, std::string("t\0wo", 4));
  EXPECT_EQ(image->mode, 0640u);
  remove_durably(path);
  remove_durably(path);
  EXPECT_EQ(folder.everything(), "");
}

TEST(Durable, WhatAKilledNeapLeftIsOverwritten) {
  const Folder folder;
  folder.write("/.file.neap-new", "half of");
  write_durably(folder.path() + "/file", fresh_image("whole"));
  EXPECT_EQ(folder.everything(), "/file whole\n");
}

TEST(Durable, AFileThatCannotBeWrittenLeavesTheOldOne) {
  const Folder folder;
  folder.write("/file", "old");
  EXPECT_THROW(write_durably(folder.path() + "/no/such/file", fresh_image("x")), Failure);
  EXPECT_EQ(folder.read("/file"), "old");
}

TEST(Durable, ALinkIsRefused) {
  const Folder folder;
  folder.write("/target", "x");
  ASSERT_EQ(::symlink("target", (folder.path() + "/link").c_str()), 0);
  EXPECT_THROW(read_image(folder.path() + "/link"), UsageFailure);
}

TEST(Durable, MissingFoldersOutermostFirst) {
  const Folder folder;
  const auto missing = missing_folders(folder.path() + "/a/b/file");
  ASSERT_EQ(missing.size(), 2u);
  EXPECT_EQ(missing[0], folder.path() + "/a");
  EXPECT_EQ(missing[1], folder.path() + "/a/b");
}

TEST(Lock, ASecondOneIsRefusedUntilTheFirstIsGone) {
  const Folder folder;
  {
    const Lock first(folder.path() + "/state", Seconds{0});
    try {
      const Lock second(folder.path() + "/state", Seconds{0});
      FAIL() << "two locks";
    } catch (const Failure& failure) {
      EXPECT_NE(std::string(failure.what()).find("pid " + std::to_string(::getpid())), std::string::npos)
          << failure.what();
    }
  }
  const Lock third(folder.path() + "/state", Seconds{0});
}

}  // namespace
}  // namespace neap
