#include "misuse/unwinder.h"

#include <ucontext.h>

#include "misuse/frame_rule.h"

extern "C" void* __libc_stack_end;
extern "C" [[gnu::visibility("hidden")]] const char __ehdr_start, _end;

namespace neap::misuse {
namespace {

constexpr std::size_t kKept = 96;
constexpr std::uint64_t kFarthest = 8 << 20, kSmallStack = 64 << 10, kLargeStack = std::uint64_t{1} << 30;

struct Registers {
  std::uint64_t pc, stack, frame;
};

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

// The end of the stack, above which there are no frames: where the first thread's stack begins, or where a thread's own
// data begins above its stack. A stack of another kind is followed for a little.
std::uint64_t end_of_stack(std::uint64_t stack) {
  const auto first = reinterpret_cast<std::uint64_t>(__libc_stack_end);
  const auto data = reinterpret_cast<std::uint64_t>(__builtin_thread_pointer());
  if (first - stack < kLargeStack) return first;
  return data - stack < kLargeStack ? data : stack + kSmallStack;
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

// How many links of the thread's last stack belong to the present one, which has been followed up to `link`; 0 when
// none does.
[[gnu::always_inline]] inline std::size_t in_common(const Link& link) {
  std::size_t count = chain.count;
  while (count > 0 && chain.link[count - 1].at < link.at) --count;
  chain.count = count;
  if (count == 0) return 0;
  const Link& last = chain.link[count - 1];
  if (last.at != link.at || last.pc != link.pc || last.frame != link.frame) return 0;
  std::uint64_t differing = 0;
  for (std::size_t i = 0; i + 1 < count; ++i) differing |= word_at(chain.link[i].at) ^ chain.link[i].pc;
  if (differing != 0) chain.count = 0;
  return chain.count;
}

}  // namespace

// Steps from frame to frame.
struct StackHere::Walk {
  Registers at;
  bool is_return;
  std::uint64_t return_register, end;

  Walk(const Registers& from, bool returns, std::uint64_t in_register)
      : at(from), is_return(returns), return_register(in_register), end(end_of_stack(from.stack)) {}

  // Steps to the caller; false at the stack's end. `link` is where it will go on.
  [[gnu::always_inline]] bool step(Link& link) {
    const FrameRule rule = frame_rule(at.pc - (is_return ? 1 : 0));
    if (rule.base() != Base::stack) [[unlikely]]
      return step_otherwise(rule, link);
    return leave(rule, at.stack + rule.base_offset(), link);
  }

 private:
  [[gnu::noinline]] bool step_otherwise(FrameRule rule, Link& link) {
    if (rule.base() == Base::unknown) return false;
    if (rule.base() == Base::signal) return leave_signal(link);
    const std::uint64_t base = at.frame + rule.base_offset();
    if (!is_within(base)) return false;
    return leave(rule, rule.base() == Base::through_frame ? word_at(base) : base, link);
  }
  [[gnu::always_inline]] bool leave(FrameRule rule, std::uint64_t cfa, Link& link) {
    if (cfa - at.stack > kFarthest || cfa > end) return false;
    link.at = cfa + rule.return_offset();
    if (!is_within(link.at)) return false;
    link.pc = rule.keeps_return() ? return_register : word_at(link.at);
    at.frame = caller_frame(rule, cfa);
    at.stack = cfa;
    return go_on(link, true);
  }
  bool is_within(std::uint64_t address) const { return address >= at.stack && address + 8 <= end && address % 8 == 0; }
  std::uint64_t caller_frame(FrameRule rule, std::uint64_t cfa) const {
    if (rule.frame_pointer() == Saved::no) return at.frame;
    const std::uint64_t base = rule.frame_pointer() == Saved::beside_cfa ? cfa : at.frame;
    const std::uint64_t slot = base + rule.frame_pointer_offset();
    return is_within(slot) ? word_at(slot) : at.frame;
  }
  bool leave_signal(Link& link) {
    const auto* context = reinterpret_cast<const ucontext_t*>(at.stack + kContextAt);
    const Registers registers = interrupted(*context);
    link.at = at.stack;
    link.pc = registers.pc;
    return_register = misuse::return_register(*context);
    if (registers.stack <= at.stack) end = end_of_stack(registers.stack);  // it ran on a stack of its own
    at = registers;
    return go_on(link, false);
  }
  bool go_on(Link& link, bool returns) {
    link.frame = ~at.frame;
    at.pc = link.pc;
    is_return = returns;
    return link.pc != 0;
  }
};

void StackHere::follow(Walk& walk) {
  while (count_ < kMax && walk.step(fresh_[count_])) {
    if (in_common(fresh_[count_]) > 0) return keep();
    ++count_;
  }
  chain.count = 0;
  keep();
}

// The hashes go from the outermost frame inwards.
void StackHere::keep() {
  known_ = chain.count;
  hash_ = known_ > 0 ? chain.link[known_ - 1].hash : 1;
  for (std::size_t i = count_; i > 0; --i) {
    hash_ = fresh_[i - 1].hash = mix(hash_, fresh_[i - 1].pc);
    if (chain.count < kKept) chain.link[chain.count++] = fresh_[i - 1];
  }
}

std::size_t StackHere::copy(std::uint64_t* pc) const {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < count_ && depth < kDepth; ++i) pc[depth++] = fresh_[i].pc;
  for (std::size_t i = known_; i > 0 && depth < kDepth; --i) pc[depth++] = chain.link[i - 1].pc;
  return depth;
}

bool is_own(std::uint64_t pc) {
  return pc - reinterpret_cast<std::uint64_t>(&__ehdr_start) < static_cast<std::uint64_t>(&_end - &__ehdr_start);
}

// All functions of ours have frame pointers.
void StackHere::look() {
  const auto* frame = static_cast<const std::uint64_t*>(__builtin_frame_address(0));
  while (is_own(frame[1])) frame = reinterpret_cast<const std::uint64_t*>(frame[0]);
  const auto at = reinterpret_cast<std::uint64_t>(frame);
  Walk walk({frame[1], at + 16, frame[0]}, true, 0);
  fresh_[0] = {at + 8, frame[1], ~frame[0], 0};
  count_ = 1;
  follow(walk);
}

void StackHere::look_from(const void* context) {
  const auto& registers = *static_cast<const ucontext_t*>(context);
  const Registers from = interrupted(registers);
  Walk walk(from, false, return_register(registers));
  fresh_[0] = {0, from.pc + 1, ~from.frame, 0};  // names are looked up before a return address
  count_ = 1;
  chain.count = 0;
  follow(walk);
}

std::uint64_t begin_of_caller(bool (*is_skipped)(std::uint64_t pc)) {
  StackHere stack;
  stack.look();
  for (std::size_t i = chain.count; i > 0; --i) {
    if (!is_skipped(chain.link[i - 1].pc)) return chain.link[i - 1].at;
  }
  return reinterpret_cast<std::uint64_t>(__libc_stack_end);
}

}  // namespace neap::misuse
