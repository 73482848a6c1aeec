// Control groups as a folder: nested ones are read, and what a kernel does not have stays empty.
#include "tool/measure/control_group.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace neap {
namespace {

namespace fs = std::filesystem;

class ControlGroup : public testing::Test {
 protected:
  ControlGroup() {
    char name[] = "/tmp/neap-cgroup-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~ControlGroup() override { fs::remove_all(folder_); }

  void write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(folder_ + "/" + path).parent_path());
    std::ofstream(folder_ + "/" + path) << text;
  }

  std::string folder_;
};

TEST_F(ControlGroup, ProcessesOfNestedGroupsCount) {
  write("cgroup.procs", "11\n12\n");
  write("workers/cgroup.procs", "");
  write("workers/one/cgroup.procs", "13\n");
  std::vector<pid_t> found = processes_below(folder_);
  EXPECT_EQ(found, (std::vector<pid_t>{11, 12, 13}));
  EXPECT_TRUE(processes_below(folder_ + "/gone").empty());
}

TEST_F(ControlGroup, FiguresOfTheKernel) {
  write("memory.stat", "anon 4096\nfile 8192\nkernel 1\n");
  write("memory.events", "low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\n");
  write("memory.peak", "123\n");
  write("memory.max", "max\n");
  write("cpu.stat", "usage_usec 2500000\nuser_usec 1\n");
  const UnitControlGroup group = read_control_group(folder_);
  EXPECT_EQ(group.anonymous, Bytes{4096});
  EXPECT_EQ(group.file, Bytes{8192});
  EXPECT_EQ(group.peak, Bytes{123});
  EXPECT_EQ(group.limit, std::nullopt);
  EXPECT_EQ(group.oom_kills, 1U);
  EXPECT_EQ(group.cpu, Seconds{2.5});
}

TEST_F(ControlGroup, WhatIsMissingStaysEmpty) {
  const UnitControlGroup group = read_control_group(folder_);
  EXPECT_FALSE(group.anonymous || group.file || group.peak || group.limit || group.oom_kills || group.cpu);
}

}  // namespace
}  // namespace neap
