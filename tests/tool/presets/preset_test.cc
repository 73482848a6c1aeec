#include "tool/presets/preset.h"

#include <gtest/gtest.h>

#include "tests/tool/change/folder.h"
#include "tool/change/apply.h"
#include "tool/change/edit.h"
#include "tool/presets/text_edits.h"

namespace neap {
namespace {

const Allocator neap_allocator{"neap", "neap", "/usr/lib/libneap.so", {{"NEAP_OPTIONS", "decay_events:1"}}};
const Variables preload = {{"LD_PRELOAD", "/n.so"}};

TEST(TextEdits, ALineIsAddedOrReplacedAndAnotherAllocatorGivesWay) {
  EXPECT_EQ(with_postgresql_lines("# x\n", preload), "# x\nLD_PRELOAD = '/n.so'\n");
  EXPECT_EQ(with_postgresql_lines("LD_PRELOAD='/usr/lib/libmimalloc-2.0.so'\nA = 'b'\n", preload),
            "LD_PRELOAD = '/n.so'\nA = 'b'\n");
  EXPECT_EQ(with_shell_lines("export LD_PRELOAD=\"/x/libz.so\"\n", preload), "export LD_PRELOAD='/n.so:/x/libz.so'\n");
  EXPECT_EQ(with_shell_lines("#export LD_PRELOAD=/x\n", preload), "#export LD_PRELOAD=/x\nexport LD_PRELOAD='/n.so'\n");
}

TEST(TextEdits, OfCrontabBeforeTheFirstJob) {
  EXPECT_EQ(with_crontab_lines("# a\nSHELL=/bin/sh\n17 * * * * root true\n", preload),
            "# a\nSHELL=/bin/sh\nLD_PRELOAD=/n.so\n17 * * * * root true\n");
}

TEST(TextEdits, OfPostfixKeepTheOtherWords) {
  EXPECT_EQ(with_postfix_words("a = b\n", "TZ LANG=C", preload),
            "a = b\nimport_environment = TZ LANG=C LD_PRELOAD=/n.so\n");
  EXPECT_EQ(with_postfix_words("import_environment = TZ\n  X=1\nb = c\n", "Y", preload),
            "import_environment = TZ X=1 LD_PRELOAD=/n.so\nb = c\n");
  const std::string once = with_postfix_words("import_environment = LD_PRELOAD=/o/libjemalloc.so.2 TZ\n", "", preload);
  EXPECT_EQ(once.find("jemalloc"), std::string::npos);
  EXPECT_EQ(with_postfix_words(once, "", preload), once);
}

TEST(Edit, IsTakenOutOfWhatTheFileHoldsNow) {
  EXPECT_EQ(undo_edit("a\nc\n", "a\nb\nc\n", "first\na\nb\nc\nlast\n"), "first\na\nc\nlast\n");
  EXPECT_EQ(undo_edit("a\nold\n", "a\nnew\n", "new\nx\n"), "old\nx\n");
  EXPECT_EQ(undo_edit("a\n", "a\nb\n", "a\n"), std::nullopt);
  EXPECT_EQ(undo_edit("a\n", "a\nb\n", "b\nb\n"), std::nullopt);
  EXPECT_EQ(undo_edit("a\n", "a\nb\n", "xb\n"), std::nullopt);
}

class Presets : public ::testing::Test {
 protected:
  std::vector<FileChange> files(const std::string& unit, bool children = false) {
    return preset_files(folder.root(), unit, neap_allocator, children, std::nullopt);
  }
  Folder folder;
};

TEST_F(Presets, AreKnownByTheNamesOfUnits) {
  EXPECT_STREQ(find_preset("postgresql@15-main.service")->name, "PostgreSQL");
  EXPECT_STREQ(find_preset("postfix@-.service")->name, "Postfix");
  EXPECT_STREQ(find_preset("apache2@x.service")->name, "Apache");
  EXPECT_STREQ(find_preset("php8.2-fpm.service")->name, "PHP-FPM");
  EXPECT_EQ(find_preset("nginx.service"), nullptr);
}

TEST_F(Presets, OfAClusterAndOfAllClusters) {
  folder.write("/etc/postgresql/15/main/environment", "# none\n");
  folder.write("/etc/postgresql/15/second/environment", "# none\n");
  ASSERT_EQ(files("postgresql@15-main.service").size(), 1u);
  EXPECT_EQ(files("postgresql@15-main.service")[0].to->bytes,
            "# none\nLD_PRELOAD = '/usr/lib/libneap.so'\nNEAP_OPTIONS = 'decay_events:1'\n");
  EXPECT_EQ(files("postgresql@.service").size(), 2u);
}

TEST_F(Presets, WhatIsStartedForOthersOnlyWhereItIsAskedFor) {
  folder.write("/etc/ssh/sshd_config.d/10-x.conf", "");
  EXPECT_TRUE(files("ssh.service").empty());
  ASSERT_EQ(files("ssh.service", true).size(), 1u);
  EXPECT_NE(files("ssh.service", true)[0].to->bytes.find("SetEnv LD_PRELOAD=/usr/lib/libneap.so NEAP_OPTIONS="),
            std::string::npos);
}

TEST_F(Presets, AnEditIsUndoneAroundWhatOthersChangedSince) {
  folder.write("/etc/apache2/envvars", "unset HOME\n");
  const Journal journal(folder.path() + "/state");
  folder.write("/state/keep", "");
  Entry entry = begin_entry("apache2.service", neap_allocator);
  entry.files = files("apache2.service");
  entry.effective = entry.files[0].path;
  take_stock(folder.root(), std::nullopt, entry);
  const std::string before = folder.everything();
  apply(folder.root(), journal, std::nullopt, entry);
  EXPECT_EQ(standing_of(folder.root(), entry), Standing::in_force);
  restore(folder.root(), journal, *journal.load("apache2.service"));
  EXPECT_EQ(folder.everything(), before);

  apply(folder.root(), journal, std::nullopt, entry);
  folder.write("/etc/apache2/envvars", "# theirs\n" + folder.read("/etc/apache2/envvars") + "# and this\n");
  EXPECT_EQ(standing_of(folder.root(), *journal.load("apache2.service")), Standing::in_force);
  restore(folder.root(), journal, *journal.load("apache2.service"));
  EXPECT_EQ(folder.read("/etc/apache2/envvars"), "# theirs\nunset HOME\n# and this\n");
}

}  // namespace
}  // namespace neap
