// AddressMap: addresses of living objects -> their slots. Open addressing with linear probing and deletion by shifting
// back, at most half full: at millions of events a second, std::unordered_map would be the collector's whole cost.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

namespace neap {

class AddressMap {
 public:
  AddressMap() : entries_(std::size_t{1} << first_log2), shift_(64 - first_log2) {}

  // The address must not be in the map.
  void put(std::uint64_t address, std::uint32_t slot) {
    if ((count_ + 1) * 2 > entries_.size()) grow();
    std::size_t at = home(address);
    while (entries_[at].address != 0) at = after(at);
    entries_[at] = {address, slot};
    ++count_;
  }

  // Removes the address and gives its slot; empty when it is unknown.
  std::optional<std::uint32_t> take(std::uint64_t address) {
    std::size_t at = home(address);
    while (entries_[at].address != address) {
      if (entries_[at].address == 0) return std::nullopt;
      at = after(at);
    }
    const std::uint32_t slot = entries_[at].slot;
    close_gap(at);
    --count_;
    return slot;
  }

  template <typename Visit>
  void clear(Visit visit) {
    for (Entry& entry : entries_) {
      if (entry.address != 0) visit(entry.slot);
      entry = {};
    }
    count_ = 0;
  }

  std::size_t size() const { return count_; }

 private:
  struct Entry {
    std::uint64_t address = 0;
    std::uint32_t slot = 0;
  };
  static constexpr unsigned first_log2 = 16;

  std::size_t home(std::uint64_t address) const { return (address >> 3) * 0x9e3779b97f4a7c15u >> shift_; }
  std::size_t after(std::size_t at) const { return (at + 1) & (entries_.size() - 1); }

  void close_gap(std::size_t gap) {
    for (std::size_t at = after(gap); entries_[at].address != 0; at = after(at)) {
      const std::size_t mask = entries_.size() - 1;
      const bool may_move = ((at - home(entries_[at].address)) & mask) >= ((at - gap) & mask);
      if (!may_move) continue;
      entries_[gap] = entries_[at];
      gap = at;
    }
    entries_[gap] = {};
  }

  void grow() {
    std::vector<Entry> old(entries_.size() * 2);
    old.swap(entries_);
    --shift_;
    count_ = 0;
    for (const Entry& entry : old)
      if (entry.address != 0) put(entry.address, entry.slot);
  }

  std::vector<Entry> entries_;
  std::size_t count_ = 0;
  unsigned shift_;
};

}  // namespace neap
