#include "options.h"

#include "base/options.h"
#include "scene.h"

namespace torture {
namespace {

std::string text(const neap::OptionRow& row, std::uint64_t value) {
  return std::string(row.name) + ":" + std::to_string(value);
}

// A limit that is met all the time.
constexpr std::uint64_t kTight = 4 << 20;

// The least, the most, and between: below the most, as far as the default is above the least. Of a limit also its word.
std::vector<std::string> values_of(const neap::OptionRow& row) {
  const std::uint64_t usual = neap::Options{}.*row.value;
  std::vector<std::string> all{text(row, row.least), text(row, row.least + (usual - row.least) / 3),
                               text(row, row.most)};
  if (row.word != nullptr) all[1] = text(row, kTight), all.push_back(std::string(row.name) + ":" + row.word);
  return all;
}

}  // namespace

std::vector<std::string> each_option() {
  std::vector<std::string> all;
  for (const neap::OptionRow& row : neap::kOptionTable) {
    for (const std::string& next : values_of(row)) {
      if (all.empty() || all.back() != next) all.push_back(next);
    }
  }
  return all;
}

std::string any_options(std::uint64_t seed) {
  stress::Random random(seed);
  std::string all;
  for (const neap::OptionRow& row : neap::kOptionTable) {
    const std::vector<std::string> values = values_of(row);
    all += (all.empty() ? "" : ",") + values[random.below(values.size())];
  }
  return all;
}

}  // namespace torture
