#include "tool/service/probation.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "tool/change/apply.h"
#include "tool/model/failure.h"
#include "tool/observe/observation.h"
#include "tool/service/status.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

constexpr double looks = 100;
constexpr Seconds soonest{1}, latest{300};  // between two looks

std::string timer_name(const std::string& target) {
  std::string name = "neap-probation-" + target.substr(0, target.rfind('.'));
  std::replace(name.begin(), name.end(), '@', '-');  // else it were a template
  return name;
}

void end_probation(const SwitchContext& context, Entry entry) {
  context.manager->stop(timer_name(entry.target) + ".timer");
  entry.probation_until = 0;
  context.journal.save(entry);
}

std::string restart_all(Manager& manager, const std::string& target) {
  std::vector<std::string> units = manager.running_services(units_of(target));
  for (const std::string& unit : manager.failed_services(units_of(target))) units.push_back(unit);
  return restart_on_what_was(manager, units);
}

}  // namespace

std::int64_t begin_probation(Manager& manager, const std::string& target, Seconds time, bool is_user) {
  const Seconds pause = std::clamp(Seconds{time.count / looks}, soonest, latest);
  const std::string neap = std::filesystem::read_symlink("/proc/self/exe").string();
  manager.start_timer({timer_name(target), fmt::format("Whether {} stays up on its allocator", target),
                       is_user ? std::vector<std::string>{neap, "probation", "--user", target}
                               : std::vector<std::string>{neap, "probation", target},
                       static_cast<std::uint64_t>(pause.count * 1e6)});
  return std::time(nullptr) + static_cast<std::int64_t>(time.count);
}

void look_at_probation(const SwitchContext& context, const std::string& target) {
  const std::optional<Entry> entry = context.journal.load(target);
  if (!entry || entry->probation_until == 0) return context.manager->stop(timer_name(target) + ".timer");
  const std::vector<StatusRow> rows =
      read_status(context.root, context.journal, context.manager, context.scope, false).rows;
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const StatusRow& each) { return each.target == target; });
  const bool is_well = row == rows.end() || (row->state != SwitchState::failed && row->state != SwitchState::flapping);
  if (is_well) {
    if (std::time(nullptr) < entry->probation_until) return;
    end_probation(context, *entry);
    return context.say(fmt::format("{} stayed up on {}: its probation is over", target, entry->allocator));
  }
  roll_back(context.root, context.journal, what_it_replaced(*entry), *entry);
  context.manager->reload();
  context.manager->stop(timer_name(target) + ".timer");
  throw Failure(fmt::format("{} is {} on probation: {}; rolled back{}", target, word_of(row->state), row->remark,
                            restart_all(*context.manager, target)));
}

}  // namespace neap
