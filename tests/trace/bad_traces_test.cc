// A damaged trace never crashes the reader and is never read as if it were whole.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "format/trace_reader.h"
#include "format/trace_writer.h"

namespace neap::trace {
namespace {

class BadTraces : public testing::Test {
 protected:
  void SetUp() override {
    TraceWriter writer(path_, "p", 3);
    for (uint32_t i = 0; i < 20000; i++)
      writer.add({i % 300, i % 500, i / 100, i % 3, i < 500 ? Op::allocate : Op::resize, 0});
    writer.finish();
    std::ifstream file(path_, std::ios::binary);
    whole_.assign(std::istreambuf_iterator<char>(file), {});
  }
  void TearDown() override { unlink(path_.c_str()); }

  static bool same(const Event& a, const Event& b) {
    return a.size_bytes == b.size_bytes && a.slot == b.slot && a.time_ms == b.time_ms && a.thread == b.thread &&
           a.op == b.op && a.alignment_log2 == b.alignment_log2;
  }

  // The sentence that refuses these bytes; empty when all events were read, which are in read_ then.
  std::string refusal(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
    TraceReader reader;
    const char* error = reader.open(path_.c_str());
    std::vector<Event> events(4096);
    read_.clear();
    uint64_t seen = 0;
    for (size_t got = 1; error == nullptr && got > 0; seen += got) {
      error = reader.read(events.data(), events.size(), &got);
      if (error == nullptr) read_.insert(read_.end(), events.begin(), events.begin() + static_cast<ptrdiff_t>(got));
    }
    if (error == nullptr && seen != reader.summary().events) return "fewer events";
    return error == nullptr ? "" : error;
  }

  std::string path_ = testing::TempDir() + "bad_" + std::to_string(getpid()) + ".trace";
  std::string whole_;
  std::vector<Event> read_;
};

TEST_F(BadTraces, TheWholeOneIsRead) { EXPECT_EQ(refusal(whole_), ""); }

TEST_F(BadTraces, EveryTruncationIsRefused) {
  for (size_t length = 0; length < whole_.size(); length += 1 + length / 50) {
    EXPECT_NE(refusal(whole_.substr(0, length)), "") << length << " of " << whole_.size() << " bytes";
  }
}

// A few bits of a zstd frame's header mean nothing to its reader: events that are whole all the same are no damage.
TEST_F(BadTraces, EveryDamageToTheEventsIsRefused) {
  ASSERT_EQ(refusal(whole_), "");
  const std::vector<Event> whole_events = read_;
  std::mt19937 random(7);
  const size_t first = sizeof(FileHeader) + sizeof(ChunkHeader);
  const size_t end = whole_.size() - sizeof(Trailer) - sizeof(FooterHeader) - 3 * sizeof(uint64_t);
  for (int i = 0; i < 500; i++) {
    std::string damaged = whole_;
    damaged[first + random() % (end - first)] ^= static_cast<char>(1u << random() % 8);
    const bool refused = !refusal(damaged).empty();
    EXPECT_TRUE(refused || std::ranges::equal(read_, whole_events, same)) << "damage " << i;
  }
}

TEST_F(BadTraces, DamageAnywhereNeverCrashes) {
  std::mt19937 random(8);
  for (int i = 0; i < 2000; i++) {
    std::string damaged = whole_;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    refusal(damaged);
  }
}

TEST_F(BadTraces, OtherFilesAreNamedAsSuch) {
  EXPECT_NE(refusal("#!/bin/sh\necho this is not a trace, is it\n").find("not an allocation trace"), std::string::npos);
  EXPECT_NE(refusal("").find("not an allocation trace"), std::string::npos);
}

}  // namespace
}  // namespace neap::trace
