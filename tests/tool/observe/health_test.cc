#include "tool/observe/health.h"

#include <gtest/gtest.h>

#include "tests/tool/change/folder.h"
#include "tool/allocators/library_name.h"
#include "tool/observe/workers.h"
#include "tool/systemd/specifiers.h"

namespace neap {
namespace {

constexpr const char* group = "/system.slice/x.service";

TEST(Health, KillsForWantOfMemoryAreReadFromBothHierarchies) {
  const Folder none, unified, older;
  unified.write(std::string("/sys/fs/cgroup") + group + "/memory.events",
                "low 0\noom 2\noom_kill 3\noom_group_kill 0\n");
  older.write(std::string("/sys/fs/cgroup/memory") + group + "/memory.oom_control", "under_oom 0\noom_kill 4\n");
  EXPECT_EQ(oom_kills(none.root(), group), 0u);
  EXPECT_EQ(oom_kills(unified.root(), group), 3u);
  EXPECT_EQ(oom_kills(older.root(), group), 4u);
}

TEST(Health, TroublesAreThoseSinceTheMark) {
  const Folder folder;
  const auto kills = [&](int count) {
    folder.write(std::string("/sys/fs/cgroup") + group + "/memory.events", "oom_kill " + std::to_string(count) + "\n");
  };
  UnitState state;
  state.invocation = "a";
  state.control_group = group;
  state.restarts = 2;
  kills(1);
  const UnitMark mark = mark_unit(folder.root(), state, {});
  EXPECT_EQ(troubles_since(mark, folder.root(), state, {}), "");
  kills(3);
  EXPECT_EQ(troubles_since(mark, folder.root(), state, {}), "the kernel killed 2 processes of it for want of memory");
  state.invocation = "b";  // restarted by hand: a control group of its own
  state.restarts = 0;
  kills(0);
  EXPECT_EQ(troubles_since(mark, folder.root(), state, {}), "");
  state.restarts = 1;
  state.result = "signal";
  EXPECT_EQ(troubles_since(mark, folder.root(), state, {}), "systemd restarted it 1 time since (signal)");
}

TEST(Workers, TheDeathsOfAllAreALoop) {
  WorkerDeaths deaths;
  for (std::uint64_t round = 0; round < 2; ++round) {
    deaths.look({{10, round}, {20, round}});
    EXPECT_FALSE(deaths.is_a_loop());
  }
  deaths.look({{10, 2}, {20, 2}});
  EXPECT_TRUE(deaths.is_a_loop());
}

TEST(Workers, SomeThatStayMakeNoLoop) {
  WorkerDeaths deaths;  // a server with helpers, and a process for each task
  for (std::uint64_t task = 0; task < 1000; ++task) {
    deaths.look({{10, 0}, {11, 0}, {20, task}});
    EXPECT_FALSE(deaths.is_a_loop()) << task;
  }
}

TEST(LibraryName, OfEveryVersion) {
  const auto name = [](const char* file) {
    const AllocatorRow* row = row_of_library(file);
    return row == nullptr ? std::string_view("none") : row->name;
  };
  EXPECT_EQ(name("/usr/local/lib/mimalloc/libmimalloc-2.0.9.so"), "mimalloc");
  EXPECT_EQ(name("libmimalloc-secure.so.2.1"), "mimalloc");
  EXPECT_EQ(name("libmimalloc.so.3"), "mimalloc");
  EXPECT_EQ(name("/opt/libjemalloc-5.3.0.so"), "jemalloc");
  EXPECT_EQ(name("libtcmalloc_minimal_debug.so.4"), "tcmalloc");
  EXPECT_EQ(name("/usr/lib/libneap.so.0"), "neap");
  EXPECT_EQ(name("/usr/lib/libneap-0.2.so"), "neap");
  EXPECT_EQ(name("libneap-libc.so"), "libc");
  EXPECT_EQ(name("libneap-trace.so"), "none");
  EXPECT_EQ(name("libneapolitan.so"), "none");
  EXPECT_EQ(name("/opt/libmimalloc-2/libz.so.1"), "none");
}

TEST(Specifiers, AreExpandedAsSystemdDoes) {
  EXPECT_EQ(expand_specifiers("/opt/%N.so", "tor@a-b.service"), "/opt/tor@a-b.so");
  EXPECT_EQ(expand_specifiers("%n %p %i %I", "tor@a-b.service"), "tor@a-b.service tor a-b a/b");
  EXPECT_EQ(expand_specifiers("%P|%j", R"(data\x2dbase-x.service)"), "data-base/x|x");
  EXPECT_EQ(expand_specifiers("100%%", "x.service"), "100%");
  EXPECT_EQ(expand_specifiers("%i", "x.service"), "");
  EXPECT_EQ(expand_specifiers("%p/%i", "tor@.service"), std::nullopt);
  EXPECT_EQ(expand_specifiers("%!", "x.service"), std::nullopt);
  EXPECT_EQ(expand_specifiers(without_specifiers("50%i"), "x@y.service"), "50%i");
}

}  // namespace
}  // namespace neap
