#include "tool/misuse/misuse_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace neap {
namespace {

using namespace misuse;

// As the program sees it.
Log& map_log(const MisuseFile& file) {
  const int opened = ::open(file.path().c_str(), O_RDWR | O_CLOEXEC);
  void* const memory = ::mmap(nullptr, sizeof(Log), PROT_READ | PROT_WRITE, MAP_SHARED, opened, 0);
  ::close(opened);
  return *static_cast<Log*>(memory);
}

TEST(AMisuseFile, GivesReportsThatStandBehindOneThatIsNeverFinished) {
  MisuseFile file;
  Log& log = map_log(file);
  log.reports = 3;  // by a process that was killed as it wrote the first, and by another
  log.report[1].kind = Kind::double_free;
  log.report[1].ready = 1;
  ASSERT_EQ(file.fresh().size(), 1u);
  EXPECT_TRUE(file.fresh().empty());
  log.report[2].kind = Kind::leak;
  log.report[2].ready = 1;
  const auto later = file.fresh();
  ASSERT_EQ(later.size(), 1u);
  EXPECT_EQ(later[0].kind, Kind::leak);
  EXPECT_EQ(file.lost(), 1u);
  ::munmap(&log, sizeof(Log));
}

TEST(AMisuseFile, CountsWhatFoundNoRoom) {
  MisuseFile file;
  Log& log = map_log(file);
  log.reports = kReports + 5;
  for (Report& report : log.report) report.ready = 1;
  EXPECT_EQ(file.fresh().size(), kReports);
  EXPECT_EQ(file.lost(), 5u);
  ::munmap(&log, sizeof(Log));
}

}  // namespace
}  // namespace neap
