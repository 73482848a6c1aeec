// Which limit of memory is read from the files of control groups. A map from paths to texts stands for the files.
#include "os/control_group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>

namespace neap::os {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

class ControlGroupTest : public testing::Test {
 protected:
  ControlGroupTest() { files_.clear(); }

  static std::size_t read(const char* path, char* out, std::size_t most) {
    const auto found = files_.find(path);
    if (found == files_.end()) return 0;
    const std::size_t size = std::min(most, found->second.size());
    std::memcpy(out, found->second.data(), size);
    return size;
  }
  GroupMemory look() {
    GroupTexts texts;
    return read_group_memory(read, texts);
  }

  void is_in(const std::string& lines) { files_["/proc/self/cgroup"] = lines; }
  // Adds a group of cgroup v2, with those of its files that have a text.
  void unified(const std::string& path, const std::string& most, const std::string& high, std::uint64_t used,
               std::uint64_t files = 0) {
    const std::string folder = "/sys/fs/cgroup" + path;
    if (!most.empty()) files_[folder + "/memory.max"] = most + "\n";
    if (!high.empty()) files_[folder + "/memory.high"] = high + "\n";
    files_[folder + "/memory.current"] = std::to_string(used) + "\n";
    files_[folder + "/memory.stat"] = "anon 1\nfile 2\nkernel 3\ninactive_anon 4\nactive_anon 5\ninactive_file " +
                                      std::to_string(files) + "\nactive_file 6\nunevictable 7\n";
  }

  static inline std::map<std::string, std::string> files_;
};

TEST_F(ControlGroupTest, WhereNothingCanBeReadThereIsNoLimit) {
  EXPECT_EQ(look().limit, UINT64_MAX);
  is_in("0::/\n");
  EXPECT_EQ(look().limit, UINT64_MAX);
  is_in("0::/system.slice/tor.service\n");
  EXPECT_EQ(look().limit, UINT64_MAX);
}

TEST_F(ControlGroupTest, TheLesserOfHighAndMaxCounts) {
  is_in("0::/system.slice/tor.service\n");
  unified("/system.slice/tor.service", "268435456", "max", 100 * kMiB);
  EXPECT_EQ(look().limit, 256 * kMiB);
  EXPECT_EQ(look().used, 100 * kMiB - 6);
  unified("/system.slice/tor.service", "268435456", "209715200", 100 * kMiB);
  EXPECT_EQ(look().limit, 200 * kMiB);
  EXPECT_EQ(look().left(), 100 * kMiB + 6);
}

TEST_F(ControlGroupTest, MaxIsNoLimit) {
  is_in("0::/a\n");
  unified("/a", "max", "max", 100 * kMiB);
  EXPECT_EQ(look().limit, UINT64_MAX);
}

TEST_F(ControlGroupTest, FilePagesAreNotUsed) {
  is_in("0::/a\n");
  unified("/a", "268435456", "max", 250 * kMiB, 200 * kMiB);
  EXPECT_EQ(look().used, 50 * kMiB - 6);
  unified("/a", "268435456", "max", 100 * kMiB, 200 * kMiB);
  EXPECT_EQ(look().used, 0u) << "sums that do not fit together";
}

TEST_F(ControlGroupTest, TheGroupWithLeastLeftCounts) {
  is_in("0::/a.slice/b.slice/c.service\n");
  unified("/a.slice/b.slice/c.service", "268435456", "max", 10 * kMiB);
  unified("/a.slice", "524288000", "max", 450 * kMiB);
  EXPECT_EQ(look().limit, 500 * kMiB);
  unified("/a.slice", "524288000", "max", 20 * kMiB);
  EXPECT_EQ(look().limit, 256 * kMiB);
}

// In a namespace of its own a container's group is named as the root. Its files are there all the same.
TEST_F(ControlGroupTest, TheRootOfANamespaceIsLookedAt) {
  is_in("0::/\n");
  unified("", "134217728", "max", 5 * kMiB);
  EXPECT_EQ(look().limit, 128 * kMiB);
  is_in("0::/../other\n");
  EXPECT_EQ(look().limit, 128 * kMiB);
}

TEST_F(ControlGroupTest, WhereTheFirstHierarchyHasTheControllerItCounts) {
  const std::string folder = "/sys/fs/cgroup/memory/docker/1";
  is_in("12:pids:/x\n4:cpu,memory:/docker/1\n0::/docker/1\n");
  unified("/docker/1", "1048576", "max", 0);
  EXPECT_EQ(look().limit, UINT64_MAX);
  files_[folder + "/memory.limit_in_bytes"] = "9223372036854771712\n";
  files_[folder + "/memory.usage_in_bytes"] = "9437184\n";
  EXPECT_EQ(look().limit, UINT64_MAX);
  files_[folder + "/memory.limit_in_bytes"] = "67108864\n";
  EXPECT_EQ(look().limit, 64 * kMiB);
  EXPECT_EQ(look().used, 9 * kMiB);
  files_[folder + "/memory.stat"] = "cache 5\nactive_file 7\ntotal_active_file 1048576\ntotal_inactive_file 2097152\n";
  EXPECT_EQ(look().used, 6 * kMiB);
}

// A container may be told its group's path on the host, while it sees the group's files at the root of its own view.
TEST_F(ControlGroupTest, AGroupThatIsNotThereIsPassedOver) {
  is_in("4:memory:/docker/1\n");
  files_["/sys/fs/cgroup/memory/memory.limit_in_bytes"] = "67108864\n";
  files_["/sys/fs/cgroup/memory/memory.usage_in_bytes"] = "1048576\n";
  EXPECT_EQ(look().limit, 64 * kMiB);
}

TEST_F(ControlGroupTest, OddTextsAreNoLimit) {
  for (const char* lines : {"", "\n", ":", "0", "0:\n", "0:memory\n", "::\n", "0::", "memory\n:::\n"}) {
    is_in(lines);
    EXPECT_EQ(look().limit, UINT64_MAX) << lines;
  }
  is_in("0::/a\n");
  for (const char* limit : {"", "x", "-1", "99999999999999999999999", "max 5"}) {
    unified("/a", limit, "max", 5);
    EXPECT_EQ(look().limit, UINT64_MAX) << limit;
  }
  is_in("0::/" + std::string(3000, 'a') + "/b\n");
  unified("", "67108864", "max", 5);
  EXPECT_EQ(look().limit, 64 * kMiB) << "what is too long a path is passed over";
}

}  // namespace
}  // namespace neap::os
