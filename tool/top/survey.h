// Survey: all processes, or those of one unit or name, each with the picture that the last look at its memory gave.
// Resident memory is read every round. Heaps are walked as the CPU budget allows; a large heap with an old picture
// comes first.
#pragma once
#include <map>
#include <optional>

#include "tool/inspect/find_process.h"
#include "tool/measure/budget.h"

namespace neap {

struct SurveyRow {
  pid_t pid = 0;
  std::string name;
  std::string allocator;  // "?" where it may not be looked into, empty before the first look
  std::uint64_t resident = 0;
  double age = 0;     // seconds since it started
  double growth = 0;  // bytes of resident memory a second, since the survey began
  struct Walked {
    std::uint64_t proportional = 0, live = 0, waste = 0, swapped = 0;
    double at = 0;  // seconds since the survey began
  };
  std::optional<Walked> walked;
};

class Survey {
 public:
  // An empty target means all processes.
  explicit Survey(std::string target) : target_(std::move(target)) {}

  void refresh();                     // who is there, and their resident memory
  void walk_all();                    // every process once, however long it takes
  void walk_some(CpuBudget& budget);  // as many as the budget has room for
  std::vector<SurveyRow> rows() const;

 private:
  struct Tracked {
    SurveyRow row;
    double started = 0;     // since boot: a pid that came back is another process
    double seen_first = 0;  // since the survey began
    std::uint64_t resident_first = 0;
    double cost = 0;  // CPU seconds of the last walk
    bool refused = false;
  };
  void walk(Tracked& process);
  Tracked* most_wanted();

  std::string target_;
  Seconds begin_ = monotonic_now();
  std::map<pid_t, Tracked> processes_;
};

}  // namespace neap
