// FrameRule: how to step from a frame to its caller. Given the frame's stack and frame pointer, it says where the
// caller's stack pointer, return address and frame pointer are. It comes from the call frame information that every
// program has for exceptions, which is read once for each place in the code.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace neap::misuse {

// Where the CFA is: the canonical frame address, which is the stack pointer before the call. On x86-64 the return
// address lies right below it.
enum class Base : std::uint8_t {
  unknown,        // the stack cannot be followed any further
  stack,          // the CFA is the stack pointer and an offset
  frame,          // the CFA is the frame pointer and an offset
  through_frame,  // the CFA is the word at the frame pointer and an offset, in functions that align their stack
  signal,         // a signal interrupted the caller, whose registers are in the context beside the stack pointer
};
enum class Saved : std::uint8_t { no, beside_cfa, beside_frame };

// One word, so that threads may share what is known without a lock.
class FrameRule {
 public:
  constexpr FrameRule() = default;
  constexpr explicit FrameRule(std::uint64_t word) : word_(word) {}
  // `keeps_return` says that the return address is still in its register, which can be so where a signal interrupted
  // the frame. When an offset does not fit, the rule is an unknown one.
  static FrameRule of(Base base, std::int64_t base_offset, Saved frame_pointer, std::int64_t frame_pointer_offset,
                      bool keeps_return, std::int64_t return_offset) {
    for (const std::int64_t offset : {base_offset, frame_pointer_offset, return_offset}) {
      if (offset != offset << (64 - kBits) >> (64 - kBits)) return {};
    }
    return FrameRule(static_cast<std::uint64_t>(base) | static_cast<std::uint64_t>(frame_pointer) << 3 |
                     std::uint64_t{keeps_return} << 5 | packed(base_offset, 6) |
                     packed(frame_pointer_offset, 6 + kBits) | packed(return_offset, 6 + 2 * kBits));
  }

  Base base() const { return static_cast<Base>(word_ & 7); }
  Saved frame_pointer() const { return static_cast<Saved>(word_ >> 3 & 3); }
  bool keeps_return() const { return (word_ >> 5 & 1) != 0; }
  std::uint64_t base_offset() const { return unpacked(6); }
  std::uint64_t frame_pointer_offset() const { return unpacked(6 + kBits); }
  std::uint64_t return_offset() const { return unpacked(6 + 2 * kBits); }
  std::uint64_t word() const { return word_; }

 private:
  static constexpr unsigned kBits = 18;
  static std::uint64_t packed(std::int64_t value, unsigned shift) {
    return (static_cast<std::uint64_t>(value) & ((1u << kBits) - 1)) << shift;
  }
  // Sign-extended, to be added to an address.
  std::uint64_t unpacked(unsigned shift) const {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(word_ << (64 - kBits - shift)) >> (64 - kBits));
  }

  std::uint64_t word_ = 0;
};

// The rules that are known, in a table by place in the code. Two threads may write an entry at once without a lock:
// `check` is the place xor the rule, so words of two different rules do not pass for one.
struct RuleEntry {
  std::atomic<std::uint64_t> check, rule;
};
inline constexpr unsigned kRuleBits = 14;
[[gnu::visibility("hidden")]] extern RuleEntry rule_entries[std::size_t{1} << kRuleBits];

FrameRule find_frame_rule(std::uint64_t place, RuleEntry& entry);

// The rule of the code at `place`. For a return address that is the byte before it, which lies in the call.
inline FrameRule frame_rule(std::uint64_t place) {
  RuleEntry& entry = rule_entries[place * 0x9E3779B97F4A7C15ull >> (64 - kRuleBits)];
  const std::uint64_t known = entry.rule.load(std::memory_order_relaxed);
  if ((entry.check.load(std::memory_order_relaxed) ^ known) == place) [[likely]]
    return FrameRule(known);
  return find_frame_rule(place, entry);
}

}  // namespace neap::misuse
