// LayoutModel: what the same live objects would take where other layouts place them: about as many bytes as they have,
// had they been placed there from the start; but objects that outlived their neighbours were placed among those, and
// each keeps its page. How many neighbours are gone is told by the fill of the 64 KiB around an object.
#pragma once
#include <cstdint>
#include <vector>

namespace neap {

class LayoutModel {
 public:
  // In order of addresses.
  void add(std::uint64_t address, std::uint64_t size);
  double bytes();  // of all that was added

 private:
  void close();

  std::uint64_t window_ = 0, live_ = 0;
  std::vector<std::uint32_t> sizes_;  // of the small objects in the open window
  double bytes_ = 0;
};

}  // namespace neap
