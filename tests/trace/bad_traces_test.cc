// A damaged trace never crashes the reader and is never read as if it were whole.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
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
  void SetUp() override { write(20000); }

  void write(uint32_t events) {
    TraceWriter writer(path_, "p", 3);
    for (uint32_t i = 0; i < events; i++)
      writer.add({i % 300, i % 500, i / 100, i % 3, i < 500 ? Op::allocate : Op::resize, 0});
    writer.finish();
    std::ifstream file(path_, std::ios::binary);
    whole_.assign(std::istreambuf_iterator<char>(file), {});
  }
  void TearDown() override { unlink(path_.c_str()); }

  void write_chunks(uint32_t count) { write((count - 1) * kChunkEvents + 1000); }

  std::vector<Event> read_all() {
    EXPECT_EQ(refusal(whole_), "");
    return read_;
  }

  // Where each chunk of the whole trace ends.
  std::vector<size_t> chunk_ends() const {
    std::vector<size_t> ends;
    for (size_t at = sizeof(FileHeader);;) {
      ChunkHeader chunk;
      memcpy(&chunk, whole_.data() + at, sizeof chunk);
      if (chunk.magic != kChunkMagic) return ends;
      ends.push_back(at += sizeof chunk + chunk.packed_bytes);
    }
  }

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
    summary_ = reader.summary();
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
  Summary summary_;
};

TEST_F(BadTraces, TheWholeOneIsRead) { EXPECT_EQ(refusal(whole_), ""); }

// What is cut off within a chunk loses that chunk; its events are never made up.
TEST_F(BadTraces, EveryTruncationIsReadUpToItsLastWholeChunk) {
  write_chunks(3);
  const std::vector<Event> all = read_all();
  const std::vector<size_t> ends = chunk_ends();
  ASSERT_EQ(ends.size(), 3u);
  for (size_t length = 0; length < whole_.size(); length += 1 + whole_.size() / 97) {
    const auto whole_chunks =
        static_cast<size_t>(std::ranges::count_if(ends, [&](size_t end) { return end <= length; }));
    const std::string error = refusal(whole_.substr(0, length));
    if (whole_chunks == 0) {
      EXPECT_NE(error, "") << length;
      continue;
    }
    EXPECT_EQ(error, "") << length;
    EXPECT_TRUE(summary_.cut_short);
    EXPECT_EQ(summary_.lost_bytes, length - ends[whole_chunks - 1]);
    const size_t wanted = std::min<size_t>(all.size(), whole_chunks * kChunkEvents);
    ASSERT_EQ(read_.size(), wanted);
    EXPECT_TRUE(std::equal(read_.begin(), read_.end(), all.begin(), same));
  }
}

// A full disk may leave a chunk's place without its bytes.
TEST_F(BadTraces, AChunkOfZerosIsTheEnd) {
  write_chunks(2);
  const size_t first = chunk_ends().front();
  std::string damaged = whole_.substr(0, chunk_ends().back());
  std::fill(damaged.begin() + static_cast<ptrdiff_t>(first + sizeof(ChunkHeader)), damaged.end(), '\0');
  EXPECT_EQ(refusal(damaged), "");
  EXPECT_EQ(read_.size(), kChunkEvents);
  EXPECT_EQ(summary_.events, kChunkEvents);
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
