#include "tool/change/apply.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/tool/change/folder.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

constexpr const char* first_file = "/etc/unit.d/50.env";
constexpr const char* second_file = "/etc/unit.d/50.conf";

class Apply : public ::testing::Test {
 protected:
  Apply() : root(folder.root()), journal(folder.path() + "/state") {
    folder.write("/state/keep", "");
    before = folder.everything();
  }

  Entry planned(const std::string& allocator, const std::string& content, bool both = true) const {
    Entry entry;
    entry.target = "x.service";
    entry.allocator = allocator;
    entry.effective = second_file;
    if (both) entry.files.push_back({first_file, {}, {}, fresh_image("env of " + content)});
    entry.files.push_back({second_file, {}, {}, fresh_image(content)});
    return entry;
  }

  Entry enable(const std::string& allocator, const std::string& content, bool both = true) {
    Entry next = planned(allocator, content, both);
    const auto replaced = journal.load(next.target);
    take_stock(root, replaced, next);
    apply(root, journal, replaced, next);
    return next;
  }

  Folder folder;
  Root root;
  Journal journal;
  std::string before;
};

TEST_F(Apply, AndRestoreIsByteForByte) {
  const Entry entry = enable("neap", "one");
  EXPECT_EQ(folder.read(second_file), "one");
  EXPECT_EQ(standing_of(root, *journal.load("x.service")), Standing::in_force);
  restore(root, journal, entry);
  EXPECT_EQ(folder.everything(), before);
}

TEST_F(Apply, AFileThatWasThereComesBackWithItsMode) {
  folder.write(second_file, "mine\n");
  ::chmod((folder.path() + second_file).c_str(), 0640);
  const std::string with_mine = folder.everything();
  restore(root, journal, enable("neap", "one"));
  EXPECT_EQ(folder.everything(), with_mine);
  EXPECT_EQ(read_image(folder.path() + second_file)->mode, 0640u);
}

TEST_F(Apply, ASecondSwitchKeepsTheFirstOriginal) {
  enable("neap", "one");
  const Entry second = enable("jemalloc", "two", false);
  EXPECT_EQ(folder.read(first_file), "(none)");
  EXPECT_EQ(folder.read(second_file), "two");
  EXPECT_EQ(standing_of(root, second), Standing::in_force);
  restore(root, journal, second);
  EXPECT_EQ(folder.everything(), before);
}

TEST_F(Apply, RollBackGoesToWhatTheSwitchFound) {
  const Entry first = enable("neap", "one");
  const std::string after_first = folder.everything();
  const auto replaced = journal.load("x.service");
  const Entry second = enable("jemalloc", "two", false);
  roll_back(root, journal, replaced, second);
  EXPECT_EQ(folder.everything(), after_first);
  roll_back(root, journal, std::nullopt, first);
  EXPECT_EQ(folder.everything(), before);
}

TEST_F(Apply, AnEditIsRefusedAndKept) {
  const Entry entry = enable("neap", "one");
  folder.write(second_file, "edited by hand");
  const std::string edited = folder.everything();
  EXPECT_THROW(enable("jemalloc", "two"), UsageFailure);
  EXPECT_THROW(restore(root, journal, entry), UsageFailure);
  EXPECT_THROW(roll_back(root, journal, std::nullopt, entry), UsageFailure);
  EXPECT_EQ(folder.everything(), edited);
  EXPECT_EQ(standing_of(root, entry), Standing::edited);
}

// Every point at which a neap can be killed: the journal is there, and some of the files are written.
TEST_F(Apply, WhateverWasWrittenTheStateIsToldAndCanBeEnded) {
  for (std::size_t written = 0; written <= 2; ++written) {
    Entry next = planned("neap", "one");
    take_stock(root, std::nullopt, next);
    journal.save(next);
    for (const std::string& made : next.folders) make_folder_durably(root.at(made));
    for (std::size_t at = 0; at < written; ++at) put_durably(root.at(next.files[at].path), next.files[at].to);
    EXPECT_EQ(standing_of(root, *journal.load("x.service")), written == 2 ? Standing::in_force : Standing::before);
    restore(root, journal, enable("neap", "one"));
    EXPECT_EQ(folder.everything(), before);
  }
}

TEST_F(Apply, AFileThatCannotBeWrittenUndoesTheOthers) {
  Entry next = planned("neap", "one");
  next.files.push_back({"/etc/unit.d/50.conf/not-a-folder", {}, {}, fresh_image("x")});
  take_stock(root, std::nullopt, next);
  next.folders = {"/etc", "/etc/unit.d"};
  EXPECT_THROW(apply(root, journal, std::nullopt, next), Failure);
  EXPECT_EQ(folder.everything(), before);
}

TEST_F(Apply, ADamagedEntryIsNamed) {
  folder.write("/state/x.service.json", "{\"version\": 1, ");
  try {
    journal.load("x.service");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_NE(std::string(failure.what()).find("x.service.json"), std::string::npos);
  }
}

TEST_F(Apply, BytesThatAreNoTextSurviveTheJournal) {
  Entry next = planned("neap", "one");
  next.files[1].to = fresh_image(std::string("\xff\xfe\0x", 4));
  journal.save(next);
  EXPECT_EQ(journal.load("x.service")->files[1].to, next.files[1].to);
}

}  // namespace
}  // namespace neap
