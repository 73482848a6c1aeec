#include "tool/inspect/address_space.h"

namespace neap {

const Mapping* AddressSpace::mapping_of(std::uint64_t address) const {
  std::size_t low = 0, high = mappings_.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (mappings_[middle].end <= address)
      low = middle + 1;
    else
      high = middle;
  }
  return low < mappings_.size() && mappings_[low].holds(address) ? &mappings_[low] : nullptr;
}

std::uint64_t AddressSpace::end_of_data(const Mapping& data) const {
  const Mapping* const past = mappings_.data() + mappings_.size();
  const Mapping* last = &data;
  while (last + 1 != past && last[1].start == last->end && last[1].is_private_data() && last[1].is_anonymous()) ++last;
  return last->end;
}

std::uint64_t AddressSpace::end_of_memory(std::uint64_t address) const {
  const Mapping* last = mapping_of(address);
  if (last == nullptr || !last->is_private_data()) return address;
  const Mapping* const past = mappings_.data() + mappings_.size();
  while (last + 1 != past && last[1].start == last->end && last[1].is_private_data() && !last[1].is_file()) ++last;
  return last->end;
}

}  // namespace neap
