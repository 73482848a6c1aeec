#include "tool/service/drop_in.h"

#include <gtest/gtest.h>

#include "tests/tool/change/folder.h"
#include "tool/model/failure.h"
#include "tool/systemd/unit_file.h"

namespace neap {
namespace {

constexpr const char* unit_file = "/lib/systemd/system/x.service";
constexpr const char* early = "/etc/systemd/system/x.service.d/10-early.conf";
constexpr const char* late = "/etc/systemd/system/x.service.d/override.conf";
constexpr const char* environment_file = "/etc/default/x";
const Allocator neap_allocator{"neap", "neap", "/usr/lib/libneap.so", {}};

class DropIn : public ::testing::Test {
 protected:
  DropIn() {
    unit.id = "x.service";
    unit.fragment = unit_file;
    folder.write(unit_file, "[Service]\nExecStart=/bin/x\n");
  }

  void has(const std::string& path, const std::string& settings) {
    folder.write(path, "[Service]\n" + settings);
    if (path != unit_file) unit.drop_ins.push_back(path);
  }

  DropInPlan plan(const Allocator& allocator = neap_allocator) {
    return plan_drop_in(folder.root(), Scope(), unit, base, allocator);
  }

  // The setting lines of the drop-in, without its comment.
  std::vector<Variable> lines() { return service_settings(plan().files.back().to->bytes); }

  void expect_preload(const std::string& value, bool with_file) {
    const DropInPlan made = plan();
    EXPECT_EQ(made.preload, value);
    ASSERT_EQ(made.files.size(), with_file ? 2u : 1u);
    EXPECT_EQ(lines()[0], (Variable{"Environment", "\"LD_PRELOAD=" + value + "\""}));
    if (!with_file) return;
    EXPECT_EQ(lines()[1], (Variable{"EnvironmentFile", "/etc/systemd/system/x.service.d/50-neap.env"}));
    EXPECT_EQ(environment_file_variables(made.files[0].to->bytes), (std::vector<Variable>{{"LD_PRELOAD", value}}));
  }

  Folder folder;
  UnitFacts unit;
  std::vector<std::string> base;
};

TEST_F(DropIn, AlonePutsTheLibrary) { expect_preload("/usr/lib/libneap.so", false); }

TEST_F(DropIn, KeepsWhatTheUnitFileHas) {
  has(unit_file, "Environment=A=1 \"LD_PRELOAD=/usr/lib/libx.so /usr/lib/liby.so\"\n");
  expect_preload("/usr/lib/libneap.so:/usr/lib/libx.so:/usr/lib/liby.so", false);
}

TEST_F(DropIn, AnotherAllocatorGivesWay) {
  has(early, "Environment=LD_PRELOAD=/usr/lib/libjemalloc.so.2:/usr/lib/libx.so\n");
  expect_preload("/usr/lib/libneap.so:/usr/lib/libx.so", false);
}

TEST_F(DropIn, OverALaterDropInAFileIsNeeded) {
  has(late, "Environment=LD_PRELOAD=/usr/lib/libx.so\n");
  expect_preload("/usr/lib/libneap.so:/usr/lib/libx.so", true);
}

TEST_F(DropIn, AfterALaterResetAFileIsNeeded) {
  has(unit_file, "Environment=LD_PRELOAD=/usr/lib/libx.so\n");
  has(late, "Environment=\n");
  expect_preload("/usr/lib/libneap.so", true);
}

TEST_F(DropIn, AnEnvironmentFileWinsOverEnvironment) {
  has(unit_file, "Environment=LD_PRELOAD=/usr/lib/liba.so\nEnvironmentFile=-/etc/default/x\n");
  folder.write(environment_file, "LD_PRELOAD='/usr/lib/libx.so'\n");
  expect_preload("/usr/lib/libneap.so:/usr/lib/libx.so", true);
}

TEST_F(DropIn, AMissingEnvironmentFileSetsNothing) {
  has(unit_file, "EnvironmentFile=-/etc/default/x\n");
  expect_preload("/usr/lib/libneap.so", false);
}

TEST_F(DropIn, AnEnvironmentFileBehindOursCannotBeBeaten) {
  has(late, "EnvironmentFile=/etc/default/x\n");
  folder.write(environment_file, "LD_PRELOAD=/usr/lib/libx.so\n");
  try {
    plan();
    FAIL();
  } catch (const UsageFailure& failure) {
    EXPECT_NE(std::string(failure.what()).find(environment_file), std::string::npos) << failure.what();
  }
}

TEST_F(DropIn, AnUnsetVariableCannotBeSet) {
  unit.unset_environment = {"LD_PRELOAD"};
  EXPECT_THROW(plan(), UsageFailure);
}

TEST_F(DropIn, SystemdsOwnEnvironmentIsKept) {
  base = {"PATH=/bin", "LD_PRELOAD=/usr/lib/libx.so"};
  expect_preload("/usr/lib/libneap.so:/usr/lib/libx.so", false);
}

TEST_F(DropIn, OursIsNotTakenForSomebodysOwn) {
  has("/etc/systemd/system/x.service.d/50-neap.conf", "Environment=LD_PRELOAD=/usr/lib/libold.so\n");
  expect_preload("/usr/lib/libneap.so", false);
}

TEST_F(DropIn, SettingsBecomeVariables) {
  const DropInPlan made = plan(
      {"jemalloc:dirty_decay_ms=0", "jemalloc", "/usr/lib/libjemalloc.so.2", {{"MALLOC_CONF", "dirty_decay_ms:0"}}});
  const auto settings = service_settings(made.files[0].to->bytes);
  ASSERT_EQ(settings.size(), 2u);
  EXPECT_EQ(settings[1].second, "\"MALLOC_CONF=dirty_decay_ms:0\"");
}

TEST_F(DropIn, APercentSignOfAPathIsNoSpecifier) {
  const DropInPlan made = plan({"x", "x", "/opt/100%/lib.so", {}});
  EXPECT_NE(made.files[0].to->bytes.find("/opt/100%%/lib.so"), std::string::npos);
}

TEST_F(DropIn, ATemplateWithAFileForEachInstanceIsRefused) {
  unit.id = "x@.service";
  has(unit_file, "EnvironmentFile=-/etc/default/%i\n");
  EXPECT_THROW(plan(), UsageFailure);
}

}  // namespace
}  // namespace neap
