// SwitchState: the words of `neap status`, of its JSON and of the metrics. What each means in full, and what to do,
// stands in docs/service.md; which alert tells of it in docs/fleet.md.
#pragma once
#include <array>
#include <string_view>

namespace neap {

enum class SwitchState {
  on,
  pending,
  outdated,
  failed,
  flapping,
  stopped,
  interrupted,
  restored,
  edited,
  broken,
  drift,
  not_switched,
  leaving,
};

// In the order of the enumeration.
constexpr std::array<std::string_view, 13> switch_state_words = {
    "on",       "pending", "outdated", "failed", "flapping",     "stopped", "interrupted",
    "restored", "edited",  "broken",   "drift",  "not-switched", "leaving"};

constexpr std::string_view word_of(SwitchState state) { return switch_state_words[static_cast<std::size_t>(state)]; }
static_assert(word_of(SwitchState::leaving) == "leaving" && word_of(SwitchState::drift) == "drift");

}  // namespace neap
