#include "options.h"

#include <array>

#include "base/options.h"
#include "scene.h"

namespace torture {
namespace {

std::string text(const neap::OptionRow& row, std::uint64_t value) {
  return std::string(row.name) + ":" + std::to_string(value);
}

// Between: below the most, as far as the default is above the least.
std::array<std::uint64_t, 3> values_of(const neap::OptionRow& row) {
  const std::uint64_t usual = neap::Options{}.*row.value;
  return {row.least, row.least + (usual - row.least) / 3, row.most};
}

}  // namespace

std::vector<std::string> each_option() {
  std::vector<std::string> all;
  for (const neap::OptionRow& row : neap::kOptionTable) {
    for (const std::uint64_t value : values_of(row)) {
      const std::string next = text(row, value);
      if (all.empty() || all.back() != next) all.push_back(next);
    }
    if (row.word != nullptr) all.push_back(std::string(row.name) + ":" + row.word);
  }
  return all;
}

std::string any_options(std::uint64_t seed) {
  stress::Random random(seed);
  std::string all;
  for (const neap::OptionRow& row : neap::kOptionTable)
    all += (all.empty() ? "" : ",") + text(row, values_of(row)[random.below(3)]);
  return all;
}

}  // namespace torture
