// Verdict: a comparison in one sentence, as figures. Made by tool/analysis, worded by tool/render.
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace neap {

enum class Certainty {
  unknown,  // one run each: nobody knows what is chance
  shown,    // the interval of the ratio, 95 of 100, leaves out 1
  chance,   // it does not
};

// The leader's figure divided by another row's.
struct VerdictRatio {
  std::string label;
  double ratio = 0;
  Certainty certainty = Certainty::unknown;
};

struct Verdict {
  std::string leader;                 // the row that holds least; empty: nothing is known of any
  double held = 0;                    // its mean RSS, bytes
  std::vector<VerdictRatio> others;   // the next best and the baseline, whichever is another row
  std::optional<VerdictRatio> cpu;    // to the baseline, or to the next best without one
  std::size_t runs = 0;               // of the row that has fewest
  double spread = 0;                  // half the range of the widest row, share of its median
  std::vector<std::string> left_out;  // rows with a remark: what they show is not their allocator's
};

}  // namespace neap
