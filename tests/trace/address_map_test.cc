// The collector's table against std::unordered_map, with addresses that collide as those of a real heap do.
#include "tool/trace/address_map.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>
#include <vector>

namespace neap {
namespace {

TEST(AddressMap, AgreesWithAModel) {
  AddressMap map;
  std::unordered_map<uint64_t, uint32_t> model;
  std::mt19937_64 random(1);
  for (uint32_t step = 0; step < 1000000; step++) {
    const uint64_t address = 0x7f0000000000 + random() % 200000 * 16;
    const auto known = model.find(address);
    const auto taken = map.take(address);
    ASSERT_EQ(taken.has_value(), known != model.end());
    if (taken) {
      ASSERT_EQ(*taken, known->second);
      model.erase(known);
    } else {
      map.put(address, step);
      model[address] = step;
    }
    ASSERT_EQ(map.size(), model.size());
  }
}

TEST(AddressMap, ClearVisitsEveryObjectOnce) {
  AddressMap map;
  for (uint32_t i = 0; i < 100000; i++) map.put(0x1000 + uint64_t{i} * 48, i);
  std::vector<bool> seen(100000);
  map.clear([&](uint32_t slot) {
    EXPECT_FALSE(seen[slot]);
    seen[slot] = true;
  });
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 100000);
  EXPECT_EQ(map.size(), 0u);
  EXPECT_FALSE(map.take(0x1000).has_value());
}

}  // namespace
}  // namespace neap
