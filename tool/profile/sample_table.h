// SampleTable: the samples of format/samples.h, read from the file or out of a live process, with everything checked:
// the program that wrote them is not trusted.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tool/inspect/address_space.h"

namespace neap {

struct SampledObject {
  std::uint64_t address = 0, size = 0;
  double weight = 1;      // objects that it stands for
  std::size_t stack = 0;  // index in SampleTable::stacks
};

struct SampledStack {
  std::vector<std::uint64_t> frames;  // return addresses, innermost first
  double objects = 0, bytes = 0;      // all that were ever made there, estimated
};

struct SampledModule {
  std::uint64_t start = 0, end = 0, bias = 0;
  std::string path;
};

struct SampleTable {
  std::uint64_t mean = 0, extra = 0, taken = 0, lost = 0;
  std::vector<SampledStack> stacks;
  std::vector<SampledObject> objects;
  std::vector<SampledModule> modules;
};

// Empty when the bytes are no such table.
std::optional<SampleTable> parse_samples(const std::vector<char>& bytes);

// Reads the table of a process that was started by `neap profile`; empty for any other.
std::optional<SampleTable> read_samples(AddressSpace& space);

}  // namespace neap
