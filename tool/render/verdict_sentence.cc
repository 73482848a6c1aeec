#include "tool/render/verdict_sentence.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tool/render/quantity.h"

namespace neap {
namespace {

std::string held(double bytes) { return show_mib({static_cast<std::uint64_t>(bytes)}) + " MiB"; }

std::string doubt(const Verdict& verdict) {
  if (verdict.runs < 2) return "1 run: nobody knows what is chance";
  return fmt::format("{} runs, spread {:.0f}%", verdict.runs, 100 * verdict.spread);
}

std::string cpu_text(const Verdict& verdict) {
  if (!verdict.cpu) return {};
  if (verdict.cpu->certainty == Certainty::chance)
    return fmt::format(", no difference in CPU to {} shown", verdict.cpu->label);
  return fmt::format(", at {:.2f} of {}'s CPU", verdict.cpu->ratio, verdict.cpu->label);
}

}  // namespace

std::string show_verdict(const Verdict& verdict) {
  if (verdict.leader.empty()) return {};
  if (verdict.others.empty())
    return fmt::format("{} holds {} ({})", verdict.leader, held(verdict.held), doubt(verdict));
  std::vector<std::string> less, same;
  for (const VerdictRatio& other : verdict.others)
    if (other.certainty == Certainty::chance)
      same.push_back(other.label);
    else
      less.push_back(fmt::format("{:.2f} of {}", other.ratio, other.label));
  if (less.empty())
    return fmt::format(
        "No difference in memory that these {} runs can show: {} holds {}, {} as much{} (spread {:.0f}%)", verdict.runs,
        verdict.leader, held(verdict.held), fmt::join(same, " and "), cpu_text(verdict), 100 * verdict.spread);
  std::string text = fmt::format("{} holds {}, {}{} ({})", verdict.leader, held(verdict.held), fmt::join(less, " and "),
                                 cpu_text(verdict), doubt(verdict));
  if (!same.empty())
    text += fmt::format("; between {} and {} these runs show no difference", verdict.leader, fmt::join(same, " and "));
  return text;
}

}  // namespace neap
