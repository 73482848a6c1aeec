#include "misuse/unwinder.h"

#include <ucontext.h>

#include "misuse/frame_rule.h"

extern "C" void* __libc_stack_end;
extern "C" [[gnu::visibility("hidden")]] const char __ehdr_start, _end;

namespace neap::misuse {
namespace {

struct Registers {
  std::uint64_t pc, stack, frame;
};

// A frame as it lies on the stack: where its return address is, and what it is. `frame` is the complement of the frame
// pointer, in which a program may have any pointer: kept as it is it would hide that an object is lost.
struct Link {
  std::uint64_t at, pc, frame, hash;
};

constexpr std::size_t kKept = 96, kMost = 128;
constexpr std::uint64_t kFarthest = 8 << 20, kSmallStack = 64 << 10;

// The last stack, outermost first.
struct Chain {
  std::size_t count;
  Link link[kKept];
};
[[gnu::tls_model("initial-exec")]] constinit thread_local Chain chain{};

std::uint64_t mix(std::uint64_t hash, std::uint64_t pc) {
  hash = (hash ^ pc) * 0x9E3779B97F4A7C15ull;
  return hash ^ hash >> 32;
}

std::uint64_t word_at(std::uint64_t address) { return *reinterpret_cast<const std::uint64_t*>(address); }

// Nothing above is a frame: where the first thread's stack begins, or the thread's own data above its stack. A stack of
// another kind is followed for a little.
std::uint64_t end_of_stack(std::uint64_t stack) {
  const auto first = reinterpret_cast<std::uint64_t>(__libc_stack_end);
  const auto data = reinterpret_cast<std::uint64_t>(__builtin_thread_pointer());
  if (stack < first && first - stack < (std::uint64_t{1} << 30)) return first;
  return stack < data && data - stack < (std::uint64_t{1} << 30) ? data : stack + kSmallStack;
}

#if defined(__x86_64__)
Registers interrupted(const ucontext_t& context) {
  const auto* registers = context.uc_mcontext.gregs;
  return {static_cast<std::uint64_t>(registers[REG_RIP]), static_cast<std::uint64_t>(registers[REG_RSP]),
          static_cast<std::uint64_t>(registers[REG_RBP])};
}
std::uint64_t return_register(const ucontext_t&) { return 0; }
constexpr std::uint64_t kContextAt = 0;
#elif defined(__aarch64__)
Registers interrupted(const ucontext_t& context) {
  return {context.uc_mcontext.pc, context.uc_mcontext.sp, context.uc_mcontext.regs[29]};
}
std::uint64_t return_register(const ucontext_t& context) { return context.uc_mcontext.regs[30]; }
constexpr std::uint64_t kContextAt = sizeof(siginfo_t);
#endif

class Walk {
 public:
  Walk(const Registers& place, bool is_return, std::uint64_t return_register)
      : at_(place), is_return_(is_return), return_register_(return_register), end_(end_of_stack(place.stack)) {}

  // Steps to the caller; false at the stack's end. `link` is where it will go on.
  bool step(Link& link) {
    const FrameRule rule = frame_rule(at_.pc, is_return_);
    if (rule.base == Base::unknown) return false;
    if (rule.base == Base::signal) return leave_signal(link);
    std::uint64_t base = rule.base == Base::stack ? at_.stack : at_.frame;
    base += static_cast<std::uint64_t>(std::int64_t{rule.base_offset});
    if (!is_within(base)) return false;
    const std::uint64_t cfa = rule.base == Base::through_frame ? word_at(base) : base;
    const std::uint64_t at = cfa + static_cast<std::uint64_t>(std::int64_t{rule.return_offset});
    if (cfa < at_.stack || cfa - at_.stack > kFarthest || cfa > end_ || !is_within(at)) return false;
    link = {at, rule.keeps_return ? return_register_ : word_at(at), ~caller_frame(rule, cfa), 0};
    return go_to({link.pc, cfa, ~link.frame}, true);
  }

 private:
  bool is_within(std::uint64_t address) const {
    return address >= at_.stack && address + 8 <= end_ && address % 8 == 0;
  }
  std::uint64_t caller_frame(const FrameRule& rule, std::uint64_t cfa) const {
    if (rule.frame_pointer == Saved::no) return at_.frame;
    const std::uint64_t base = rule.frame_pointer == Saved::beside_cfa ? cfa : at_.frame;
    const std::uint64_t slot = base + static_cast<std::uint64_t>(std::int64_t{rule.frame_pointer_offset});
    return is_within(slot) ? word_at(slot) : at_.frame;
  }
  bool leave_signal(Link& link) {
    const auto* context = reinterpret_cast<const ucontext_t*>(at_.stack + kContextAt);
    const Registers place = interrupted(*context);
    link = {at_.stack, place.pc, ~place.frame, 0};
    return_register_ = neap::misuse::return_register(*context);
    if (place.stack <= at_.stack) end_ = end_of_stack(place.stack);  // it ran on a stack of its own
    return go_to(place, false);
  }
  bool go_to(const Registers& place, bool is_return) {
    if (place.pc == 0) return false;
    at_ = place;
    is_return_ = is_return;
    return true;
  }

  Registers at_;
  bool is_return_;
  std::uint64_t return_register_, end_;
};

// How much of the last stack is the present one's, once that has come to `link`; 0: nothing of it.
std::size_t in_common(const Link& link) {
  while (chain.count > 0 && chain.link[chain.count - 1].at < link.at) --chain.count;
  if (chain.count == 0) return 0;
  const Link& last = chain.link[chain.count - 1];
  if (last.at != link.at || last.pc != link.pc || last.frame != link.frame) return 0;
  std::uint64_t differing = 0;
  for (std::size_t i = 0; i + 1 < chain.count; ++i) differing |= word_at(chain.link[i].at) ^ chain.link[i].pc;
  if (differing == 0) return chain.count;
  chain.count = 0;
  return 0;
}

void keep(const Link* fresh, std::size_t count, StackHere& stack) {
  std::uint64_t hash = chain.count > 0 ? chain.link[chain.count - 1].hash : 1;
  const std::size_t known = chain.count;
  std::size_t own = 0;
  while (own < count && is_own(fresh[own].pc)) ++own;
  for (std::size_t i = count; i > own; --i) {
    hash = mix(hash, fresh[i - 1].pc);
    if (chain.count < kKept) chain.link[chain.count++] = {fresh[i - 1].at, fresh[i - 1].pc, fresh[i - 1].frame, hash};
  }
  stack.hash = hash;
  stack.depth = 0;
  for (std::size_t i = own; i < count && stack.depth < kDepth; ++i) stack.pc[stack.depth++] = fresh[i].pc;
  for (std::size_t i = known; i > 0 && stack.depth < kDepth; --i) stack.pc[stack.depth++] = chain.link[i - 1].pc;
}

void follow(Walk walk, Link* fresh, std::size_t count, StackHere& stack) {
  while (count < kMost && walk.step(fresh[count])) {
    if (in_common(fresh[count]) > 0) return keep(fresh, count, stack);
    ++count;
  }
  chain.count = 0;
  keep(fresh, count, stack);
}

}  // namespace

bool is_own(std::uint64_t pc) {
  return pc - reinterpret_cast<std::uint64_t>(&__ehdr_start) < static_cast<std::uint64_t>(&_end - &__ehdr_start);
}

[[gnu::noinline]] void stack_here(StackHere& stack) {
  const auto* const frame = static_cast<const std::uint64_t*>(__builtin_frame_address(0));
  const auto at = reinterpret_cast<std::uint64_t>(frame);
  Link fresh[kMost];
  fresh[0] = {at + 8, frame[1], ~frame[0], 0};
  follow(Walk({frame[1], at + 16, frame[0]}, true, 0), fresh, 1, stack);
}

void stack_from(const void* context, StackHere& stack) {
  const auto& registers = *static_cast<const ucontext_t*>(context);
  const Registers place = interrupted(registers);
  Link fresh[kMost];
  fresh[0] = {0, place.pc + 1, ~place.frame, 0};  // names are looked up before a return address
  chain.count = 0;
  follow(Walk(place, false, return_register(registers)), fresh, 1, stack);
  chain.count = 0;
}

std::uint64_t begin_of_caller(bool (*is_skipped)(std::uint64_t pc)) {
  StackHere stack;
  stack_here(stack);
  for (std::size_t i = chain.count; i > 0; --i) {
    if (!is_skipped(chain.link[i - 1].pc)) return chain.link[i - 1].at;
  }
  return reinterpret_cast<std::uint64_t>(__libc_stack_end);
}

}  // namespace neap::misuse
