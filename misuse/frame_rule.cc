#include "misuse/frame_rule.h"

#include <atomic>
#include <cstddef>
#include <cstring>

#include "misuse/frame_program.h"

// libgcc's, of the frame description that covers a place in the code.
struct dwarf_eh_bases {
  void *text, *data, *function;
};
extern "C" const void* _Unwind_Find_FDE(void* pc, dwarf_eh_bases* bases);

namespace neap::misuse {
namespace {

// A rule fits a word. An entry is two words, of which the first tells by the second whether they belong together: so no
// lock is needed.
constexpr std::size_t kEntries = std::size_t{1} << 14;
constexpr unsigned kBits = 18;

struct Entry {
  std::atomic<std::uint64_t> check, rule;
};
Entry entries[kEntries];

std::uint64_t packed(std::int32_t value, unsigned shift) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(value)) & ((1u << kBits) - 1)) << shift;
}
std::int32_t unpacked(std::uint64_t word, unsigned shift) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(word >> shift) << (32 - kBits)) >> (32 - kBits);
}
bool fits(std::int32_t value) { return unpacked(packed(value, 0), 0) == value; }

std::uint64_t pack(const FrameRule& rule) {
  if (!fits(rule.base_offset) || !fits(rule.frame_pointer_offset) || !fits(rule.return_offset)) return 0;
  return static_cast<std::uint64_t>(rule.base) | static_cast<std::uint64_t>(rule.frame_pointer) << 3 |
         std::uint64_t{rule.keeps_return} << 5 | packed(rule.base_offset, 6) |
         packed(rule.frame_pointer_offset, 6 + kBits) | packed(rule.return_offset, 6 + 2 * kBits);
}
FrameRule unpack(std::uint64_t word) {
  return {static_cast<Base>(word & 7),      static_cast<Saved>(word >> 3 & 3), (word >> 5 & 1) != 0,
          unpacked(word, 6),                unpacked(word, 6 + kBits),         unpacked(word, 6 + 2 * kBits)};
}

}  // namespace

FrameRule frame_rule(std::uint64_t pc, bool is_return) {
  const std::uint64_t place = pc - (is_return ? 1 : 0);
  Entry& entry = entries[place * 0x9E3779B97F4A7C15ull >> (64 - 14)];
  const std::uint64_t known = entry.rule.load(std::memory_order_relaxed);
  if ((entry.check.load(std::memory_order_relaxed) ^ known) == place) return unpack(known);
  dwarf_eh_bases bases{};
  const void* const description = _Unwind_Find_FDE(reinterpret_cast<void*>(place), &bases);
  FrameRule rule;
  if (description != nullptr) {
    rule = run_frame_program(static_cast<const unsigned char*>(description),
                             place - reinterpret_cast<std::uint64_t>(bases.function));
  }
  const std::uint64_t word = pack(rule);
  entry.rule.store(word, std::memory_order_relaxed);
  entry.check.store(word ^ place, std::memory_order_relaxed);
  return unpack(word);
}

}  // namespace neap::misuse
