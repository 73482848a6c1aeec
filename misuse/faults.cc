// A touch of memory that libneap has made inaccessible: of a freed large object, or behind the end of one. The checker
// reports it. Then the program's own handler is called, or the program ends as it would have without the checker. So
// that its handler stays in front, the checker also stands before the functions that set a handler, and answers as they
// do.
#include "misuse/faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <ucontext.h>

#include <atomic>

#include "misuse/report.h"

namespace neap::misuse {
namespace {

using SetAction = int (*)(int, const struct sigaction*, struct sigaction*);

constexpr int kSignals[] = {SIGSEGV, SIGBUS};
constexpr int kOnce = static_cast<int>(SA_RESETHAND);
constexpr std::uint64_t kNear = 128 << 10;  // a guard, and a page

struct sigaction of_program[2];  // what the program has set, or SIG_DFL
constinit std::atomic<bool> is_installed{false};

SetAction next_sigaction() {
  static constinit std::atomic<SetAction> found{nullptr};
  SetAction next = found.load(std::memory_order_relaxed);
  if (next == nullptr) found = next = reinterpret_cast<SetAction>(dlsym(RTLD_NEXT, "sigaction"));
  return next;
}

bool is_ours(int signal) { return is_installed && (signal == SIGSEGV || signal == SIGBUS); }
struct sigaction& program_of(int signal) {
  return of_program[signal == SIGSEGV ? 0 : 1];
}

Access access_of(const ucontext_t& context) {
#if defined(__x86_64__)
  return (context.uc_mcontext.gregs[REG_ERR] & 2) != 0 ? Access::write : Access::read;
#else
  static_cast<void>(context);
  return Access::read;
#endif
}

// False when the address belongs to no object and no guard.
bool describe(std::uint64_t address, Finding& finding) {
  finding.address = address;
  finding.object = object_below(address);
  if (finding.object.begin != 0 && finding.object.holds(address)) {
    finding.kind = finding.object.is_live() ? Kind::overflow : Kind::use_after_free;
    return !finding.object.is_live() || finding.object.size == 0;
  }
  finding.kind = Kind::overflow;
  if (finding.object.begin != 0 && address - (finding.object.begin + finding.object.size) < kNear) return true;
  finding.object = object_above(address);
  return finding.object.begin != 0 && finding.object.begin - address < kNear;
}

void pass_on(int signal, siginfo_t* info, void* context) {
  struct sigaction& program = program_of(signal);
  const struct sigaction now = program;
  if ((now.sa_flags & kOnce) != 0) program.sa_handler = SIG_DFL;
  if ((now.sa_flags & SA_SIGINFO) != 0) return now.sa_sigaction(signal, info, context);
  if (now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN) return now.sa_handler(signal);
  // With the default action the instruction faults again and ends the program; a signal that was sent is sent again.
  struct sigaction plain {};
  plain.sa_handler = now.sa_handler;
  next_sigaction()(signal, &plain, nullptr);
  if (info->si_code <= 0) raise(signal);
}

// Not on the stack, which may be a program's small one for signals; theirs whose turn it is.
StackHere here;
std::uint64_t pc_here[kDepth];

[[gnu::noinline]] void report_fault(std::uint64_t address, const void* context) {
  Finding finding;
  if (!describe(address, finding)) return;
  const Turn turn;
  if (!turn.is_taken()) return;
  finding.access = access_of(*static_cast<const ucontext_t*>(context));
  here.look_from(context);
  report(finding, {pc_here, here.copy(pc_here)});
}

void on_fault(int signal, siginfo_t* info, void* context) {
  const int before = errno;
  if (info->si_code > 0) report_fault(reinterpret_cast<std::uint64_t>(info->si_addr), context);
  errno = before;
  pass_on(signal, info, context);
}

// Ours, by the program's mask and flags.
int install(int signal, const struct sigaction& program) {
  struct sigaction ours = program;
  ours.sa_sigaction = on_fault;
  ours.sa_flags = (program.sa_flags & ~kOnce) | SA_SIGINFO;
  return next_sigaction()(signal, &ours, nullptr);
}

int set_action(int signal, const struct sigaction* wanted, struct sigaction* before) {
  struct sigaction& program = program_of(signal);
  const struct sigaction old = program;
  if (wanted != nullptr) {
    program = *wanted;
    if (const int error = install(signal, program); error != 0) return program = old, error;
  }
  if (before != nullptr) *before = old;
  return 0;
}

}  // namespace

void watch_faults() {
  for (const int signal : kSignals) {
    next_sigaction()(signal, nullptr, &program_of(signal));
    struct sigaction first = program_of(signal);
    if (first.sa_handler == SIG_DFL) first.sa_flags = SA_ONSTACK;
    install(signal, first);
  }
  is_installed = true;
}

}  // namespace neap::misuse

extern "C" {
#pragma GCC visibility push(default)

int sigaction(int signal, const struct sigaction* wanted, struct sigaction* before) noexcept {
  using namespace neap::misuse;
  if (!is_ours(signal)) return next_sigaction()(signal, wanted, before);
  return set_action(signal, wanted, before);
}

sighandler_t signal(int signal, sighandler_t handler) noexcept {
  using namespace neap::misuse;
  static const auto next = reinterpret_cast<sighandler_t (*)(int, sighandler_t)>(dlsym(RTLD_NEXT, "signal"));
  if (!is_ours(signal)) return next(signal, handler);
  struct sigaction wanted {
  }, before{};
  wanted.sa_handler = handler;
  wanted.sa_flags = SA_RESTART;
  set_action(signal, &wanted, &before);
  return before.sa_handler;
}

#pragma GCC visibility pop
}
