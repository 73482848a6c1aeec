#include "tool/service/step_switch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "tool/change/apply.h"
#include "tool/model/failure.h"
#include "tool/observe/processes.h"
#include "tool/service/round.h"
#include "tool/systemd/unit_name.h"

namespace neap {
namespace {

std::size_t size_of_step(const std::string& written, std::size_t all) {
  const bool is_part = written.ends_with('%');
  const std::string digits = written.substr(0, written.size() - (is_part ? 1 : 0));
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number == 0 || (is_part && number > 100))
    throw UsageFailure(
        fmt::format("'{}' is no step; write a number of instances (5) or a part of them (10%)", written));
  return is_part ? std::max<std::size_t>(1, (all * number + 99) / 100) : number;
}

class Steps {
 public:
  Steps(const SwitchContext& context, const std::string& template_name, const Allocator& allocator,
        const SwitchOptions& options)
      : context_(context),
        manager_(*context.manager),
        template_(template_name),
        allocator_(allocator),
        options_(options) {}

  SwitchOutcome run(const StepPlan& plan, const UnitChecks& checks, const TakeLock& lock) {
    check_before_switch(context_, known_unit(manager_, template_), allocator_, checks, options_);
    SwitchOutcome outcome{template_, allocator_.label, false, {}, 0};
    const std::vector<std::string> left = instances_left();
    const auto steps = cut_into_steps(left, plan, all_);
    if (left.size() < all_)
      context_.say(fmt::format("{} of {} instances run {} already", all_ - left.size(), all_, allocator_.label));
    for (std::size_t number = 0; number < steps.size(); ++number) {
      context_.say(fmt::format("step {} of {}: {}", number + 1, steps.size(), fmt::join(steps[number], ", ")));
      outcome.changed = true;
      if (options_.dry_run) continue;
      const auto held = lock();
      add(outcome, one_step(steps[number], fmt::format("step {} of {}", number + 1, steps.size())));
    }
    if (options_.dry_run) return outcome;
    const auto held = lock();
    outcome.changed = hand_over_to_template() || outcome.changed;
    return outcome;
  }

 private:
  static void add(SwitchOutcome& sum, const SwitchOutcome& step) {
    sum.changed = sum.changed || step.changed;
    sum.restarted.insert(sum.restarted.end(), step.restarted.begin(), step.restarted.end());
    sum.verified += step.verified;
  }

  // Instances that wait for their turn. Those that somebody switched on their own keep what they have.
  std::vector<std::string> instances_left() {
    std::vector<std::string> left;
    for (const std::string& unit : manager_.running_services(units_of(template_))) {
      const std::optional<Entry> entry = context_.journal.load(unit);
      if (entry && entry->part_of != template_ && entry->complete) {
        context_.say(fmt::format("{} has a switch of its own ({}) and keeps it", unit, entry->allocator));
        continue;
      }
      ++all_;
      const Examination found = examine(manager_.processes(unit), allocator_);
      const bool is_covered = entry ? entry->complete && entry->allocator == allocator_.label
                                    : context_.journal.load(template_).has_value();
      if (!is_covered || !found.misfits.empty() || found.verified == 0) left.push_back(unit);
    }
    std::sort(left.begin(), left.end());
    return left;
  }

  SwitchOutcome one_step(const std::vector<std::string>& units, const std::string& name) {
    std::vector<UnitSwitch> targets;
    for (const std::string& unit : units)
      targets.emplace_back(context_, known_unit(manager_, unit), allocator_, options_);
    try {
      return Round(context_, std::move(targets), allocator_, options_, template_).run(Round::Pace::together);
    } catch (const Failure& failure) {
      throw Failure(
          fmt::format("{}: {}; the steps before it stay: the same command goes on, neap disable {} --restart "
                      "takes them back",
                      name, failure.what(), template_));
    }
  }

  // Moves the switch to the template: from now on new instances have it, and old ones need no drop-ins of their own.
  bool hand_over_to_template() {
    UnitSwitch whole(context_, known_unit(manager_, template_), allocator_, options_);
    std::vector<Entry> parts = entries_of_steps(context_.journal, template_);
    if (whole.is_in_force() && parts.empty()) return false;
    whole.write();
    for (const Entry& part : parts) restore(context_.root, context_.journal, part);
    manager_.reload();
    whole.take_over(parts);
    whole.finish({}, options_);
    context_.say(
        fmt::format("{} runs on {}: every instance verified, and new ones start on it", template_, allocator_.label));
    return true;
  }

  const SwitchContext& context_;
  Manager& manager_;
  std::string template_;
  const Allocator& allocator_;
  const SwitchOptions& options_;
  std::size_t all_ = 0;
};

}  // namespace

std::vector<std::vector<std::string>> cut_into_steps(const std::vector<std::string>& instances, const StepPlan& plan,
                                                     std::size_t all) {
  const std::size_t size = size_of_step(plan.step, all);
  std::vector<std::vector<std::string>> steps;
  for (std::size_t at = 0; at < instances.size();) {
    const std::size_t wanted = steps.empty() && plan.canaries > 0 ? plan.canaries : size;
    const std::size_t end = std::min(at + wanted, instances.size());
    steps.emplace_back(instances.begin() + static_cast<std::ptrdiff_t>(at),
                       instances.begin() + static_cast<std::ptrdiff_t>(end));
    at = end;
  }
  return steps;
}

SwitchOutcome enable_by_steps(const SwitchContext& context, const std::string& template_name,
                              const Allocator& allocator, const UnitChecks& checks, const SwitchOptions& options,
                              const StepPlan& plan, const TakeLock& lock) {
  return Steps(context, template_name, allocator, options).run(plan, checks, lock);
}

}  // namespace neap
