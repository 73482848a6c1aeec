// LayoutModel: a guess of what the same live objects would take under another allocator. Placed anew they would take
// little more than their bytes. But an object that outlived its neighbours was placed among them there too, and keeps
// its page. The fill of the 64 KiB around an object says how many of its neighbours are gone.
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
