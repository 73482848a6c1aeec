// The telemetry of a library that is older than this neap, whose object ends sooner.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "tool/inspect/mappings.h"

namespace neap {
namespace {

constexpr unsigned char kBehind = 0xa5;  // what another object of the library holds there

TEST(Telemetry, WhatLiesBehindAnOlderOneIsNotRead) {
  for (std::uint32_t size = offsetof(neap_telemetry, served); size <= sizeof(neap_telemetry);
       size += sizeof(uint64_t)) {
    SCOPED_TRACE(size);
    neap_telemetry published;
    std::memset(&published, kBehind, sizeof published);
    published.size = size;
    const auto read = read_telemetry(getpid(), reinterpret_cast<std::uint64_t>(&published));
    ASSERT_TRUE(read);
    const auto* bytes = reinterpret_cast<const unsigned char*>(&*read);
    EXPECT_EQ(read->size, size);
    for (std::size_t at = offsetof(neap_telemetry, served); at < sizeof *read; ++at)
      ASSERT_EQ(bytes[at], at < size ? kBehind : 0) << at;
  }
}

}  // namespace
}  // namespace neap
