// What is written is read back: every field of every event, over many chunks, for random but legal event sequences.
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <random>
#include <vector>

#include "format/trace_reader.h"
#include "format/trace_writer.h"

namespace neap::trace {
namespace {

// Slots are given out as the writer does it, so that the events can be compared without translation.
class Sequence {
 public:
  explicit Sequence(unsigned seed) : random_(seed) {}

  Event next() {
    if (below(10) == 0) time_ms_ += below(100);
    if (below(50) == 0) thread_ = below(threads_ + 1) == threads_ ? threads_++ : below(threads_);
    const bool may_die = !alive_.empty();
    const unsigned dice = below(100);
    if (may_die && dice < 45) return die();
    if (may_die && dice < 55) return {size(), alive_[below(alive_.size())], time_ms_, thread_, Op::resize, 0};
    const Op op = dice < 90 ? Op::allocate : dice < 96 ? Op::zeroed : Op::aligned;
    return {size(), birth_slot(), time_ms_, thread_, op, static_cast<uint8_t>(op == Op::aligned ? 4 + below(20) : 0)};
  }

 private:
  unsigned below(size_t limit) { return static_cast<unsigned>(random_() % limit); }
  uint64_t size() {
    const uint64_t any = random_();
    return any >> (16 + any % 48);
  }
  Event die() {
    std::swap(alive_[below(alive_.size())], alive_.back());
    const uint32_t slot = alive_.back();
    alive_.pop_back();
    free_.push_back(slot);
    return {0, slot, time_ms_, thread_, Op::release, 0};
  }
  uint32_t birth_slot() {
    uint32_t slot = used_;
    if (free_.empty()) {
      used_++;
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    alive_.push_back(slot);
    return slot;
  }

  std::mt19937_64 random_;
  std::vector<uint32_t> alive_, free_;
  uint32_t used_ = 0, time_ms_ = 0, thread_ = 0, threads_ = 1;
};

class RoundTrip : public testing::TestWithParam<size_t> {
 protected:
  std::string path_ = testing::TempDir() + "round_trip_" + std::to_string(getpid()) + ".trace";
  void TearDown() override { unlink(path_.c_str()); }
};

TEST_P(RoundTrip, KeepsEveryEvent) {
  const size_t events = GetParam();
  Sequence written(static_cast<unsigned>(events));
  TraceWriter writer(path_, "a program", 1);
  for (size_t i = 0; i < events; i++) writer.add(written.next());
  writer.finish();

  TraceReader reader;
  ASSERT_EQ(reader.open(path_.c_str()), nullptr);
  EXPECT_EQ(reader.summary().events, events);
  EXPECT_STREQ(reader.program(), "a program");
  Sequence expected(static_cast<unsigned>(events));
  std::vector<Event> read(1000);
  std::map<uint32_t, uint32_t> numbers;  // threads are renumbered by first appearance
  size_t seen = 0;
  for (size_t got = 1; got > 0; seen += got) {
    ASSERT_EQ(reader.read(read.data(), read.size(), &got), nullptr);
    for (size_t i = 0; i < got; i++) {
      const Event want = expected.next();
      ASSERT_EQ(read[i].size_bytes, want.size_bytes) << "event " << seen + i;
      ASSERT_EQ(read[i].slot, want.slot) << "event " << seen + i;
      ASSERT_EQ(read[i].time_ms, want.time_ms) << "event " << seen + i;
      const uint32_t thread = numbers.try_emplace(want.thread, static_cast<uint32_t>(numbers.size())).first->second;
      ASSERT_EQ(read[i].thread, thread) << "event " << seen + i;
      ASSERT_EQ(read[i].op, want.op) << "event " << seen + i;
      ASSERT_EQ(read[i].alignment_log2, want.alignment_log2) << "event " << seen + i;
    }
  }
  EXPECT_EQ(seen, events);
}

INSTANTIATE_TEST_SUITE_P(Lengths, RoundTrip,
                         testing::Values(1, 2, 1000, kChunkEvents - 1, kChunkEvents, kChunkEvents + 1, 700000),
                         testing::PrintToStringParamName());

TEST(TraceWriter, RefusesContradictions) {
  const std::string path = testing::TempDir() + "contradiction_" + std::to_string(getpid()) + ".trace";
  TraceWriter writer(path, "p", 1);
  writer.add({8, 0, 0, 0, Op::allocate, 0});
  EXPECT_THROW(writer.add({8, 0, 0, 0, Op::allocate, 0}), std::runtime_error);
  EXPECT_THROW(writer.add({0, 1, 0, 0, Op::release, 0}), std::runtime_error);
  unlink(path.c_str());
}

}  // namespace
}  // namespace neap::trace
