#include "misuse/frame_rule.h"

#include "misuse/frame_program.h"

// libgcc's, of the frame description that covers a place in the code.
struct dwarf_eh_bases {
  void *text, *data, *function;
};
extern "C" const void* _Unwind_Find_FDE(void* pc, dwarf_eh_bases* bases);

namespace neap::misuse {

RuleEntry rule_entries[std::size_t{1} << kRuleBits];

[[gnu::noinline, gnu::cold]] FrameRule find_frame_rule(std::uint64_t place, RuleEntry& entry) {
  dwarf_eh_bases bases{};
  const void* const description = _Unwind_Find_FDE(reinterpret_cast<void*>(place), &bases);
  FrameRule rule;
  if (description != nullptr) {
    rule = run_frame_program(static_cast<const unsigned char*>(description),
                             place - reinterpret_cast<std::uint64_t>(bases.function));
  }
  entry.rule.store(rule.word(), std::memory_order_relaxed);
  entry.check.store(rule.word() ^ place, std::memory_order_relaxed);
  return rule;
}

}  // namespace neap::misuse
