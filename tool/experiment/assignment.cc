#include "tool/experiment/assignment.h"

#include <algorithm>
#include <map>
#include <random>

namespace neap {
namespace {

// The standard fixes the engine's numbers but leaves its distributions and std::shuffle to each library.
template <class Element>
void shuffle(std::vector<Element>& elements, std::mt19937_64& engine) {
  for (std::size_t left = elements.size(); left > 1; --left) std::swap(elements[left - 1], elements[engine() % left]);
}

}  // namespace

std::vector<Instance> assign_at_random(std::vector<std::string> names, std::vector<std::string> groups,
                                       std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::sort(names.begin(), names.end());
  shuffle(names, engine);
  shuffle(groups, engine);
  std::vector<Instance> instances;
  for (std::size_t at = 0; at < names.size(); ++at)
    instances.push_back({names[at], groups[at % groups.size()], std::nullopt});
  return instances;
}

std::uint64_t seed_of_host(std::uint64_t seed, const std::string& host) {
  std::uint64_t mixed = 0xcbf29ce484222325 ^ seed;  // FNV-1a, the same everywhere, which std::hash is not
  for (const char letter : host) mixed = (mixed ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
  return mixed;
}

std::vector<std::vector<std::size_t>> switching_rounds(const Experiment& experiment) {
  std::map<std::string, std::size_t> round_of_group;
  std::vector<std::vector<std::size_t>> rounds;
  for (std::size_t at = 0; at < experiment.instances.size(); ++at) {
    const std::size_t round = round_of_group[experiment.instances[at].group]++;
    if (rounds.size() <= round) rounds.resize(round + 1);
    if (!experiment.instances[at].switched_at) rounds[round].push_back(at);
  }
  std::erase_if(rounds, [](const auto& round) { return round.empty(); });
  return rounds;
}

}  // namespace neap
