#include "tool/measure/process_reader.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

namespace neap {
namespace {

TEST(AProcessReader, TellsOfThisProcess) {
  ProcessReader reader(::getpid());
  Sample sample;
  ASSERT_TRUE(reader.read_basics(sample));
  EXPECT_EQ(reader.parent_pid(), ::getppid());
  EXPECT_FALSE(reader.name().empty());
  EXPECT_GT(reader.start_tick(), 0u);
  EXPECT_GT(sample.rss.count, 0u);
  EXPECT_GE(sample.peak_rss, sample.rss);
  ASSERT_TRUE(reader.read_anonymous());
  EXPECT_LE(*reader.read_anonymous(), sample.peak_rss);
}

TEST(AProcessReader, AZombieIsGone) {
  const pid_t child = ::fork();
  if (child == 0) ::pause(), ::_exit(0);
  ProcessReader reader(child);
  EXPECT_TRUE(reader.read_identity());
  const std::vector<pid_t> children = ProcessReader(::getpid()).read_children(true);
  EXPECT_EQ(std::count(children.begin(), children.end(), child), 1);
  ::kill(child, SIGKILL);
  siginfo_t ended{};
  ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);  // it stays, as a zombie
  EXPECT_FALSE(reader.read_identity());
  Sample sample;
  EXPECT_FALSE(reader.read_basics(sample));
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(ProcessReader(child).read_identity());
}

}  // namespace
}  // namespace neap
