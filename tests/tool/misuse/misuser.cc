// Does one thing wrong with the heap, by name. Built as anybody builds a program: it knows nothing of who looks on.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <thread>

namespace {

volatile std::size_t thirty_seven = 37, large = 300000;
char* volatile kept;
volatile char sink;

[[gnu::noinline]] char* make_object(std::size_t size) { return static_cast<char*>(malloc(size)); }
[[gnu::noinline]] void end_object(void* object) { free(object); }
// A value that the compiler does not follow.
template <class Value>
Value opaque(Value value) {
  asm volatile("" : "+r"(value));
  return value;
}

void overflow_right() {
  char* object = make_object(thirty_seven);
  opaque(object)[37] = 'x';
  end_object(object);
}
void overflow_exact() {
  char* object = make_object(40);
  opaque(object)[40] = 0;
  end_object(object);
}
void overflow_string() {
  char* object = make_object(thirty_seven);
  memset(opaque(object), 'A', 41);
  end_object(object);
}
void overflow_left() {
  char* object = make_object(thirty_seven);
  opaque(object)[-1] = 'x';
  end_object(object);
}
void overflow_large() {
  char* object = make_object(large);
  opaque(object)[300000] = 'x';
  end_object(object);
}
void overflow_never_freed() {
  kept = make_object(thirty_seven);
  opaque(const_cast<char*>(kept))[37] = 'x';
}
void overflow_page() {
  char* object = make_object(large);
  opaque(object)[large + 5000] = 'x';
}
void write_after_free() {
  char* object = make_object(thirty_seven);
  end_object(object);
  opaque(object)[5] = 'x';
}
void read_after_free_large() {
  char* object = make_object(large);
  end_object(object);
  sink = opaque(object)[4321];
}
void double_free() {
  char* object = make_object(thirty_seven);
  end_object(object);
  end_object(opaque(object));
}
void interior_free() { end_object(opaque(make_object(thirty_seven)) + 16); }
void foreign_free() {
  char here[64];
  end_object(opaque(here + 16));
}
void new_free() { end_object(opaque(new int[4])); }
void array_delete() { delete opaque(new int[4]); }
void malloc_delete() { delete opaque(make_object(16)); }
struct Base {
  int a;
};
struct Derived : Base {
  long b[4];
};
void wrong_size() { delete opaque(static_cast<Base*>(new Derived)); }
void in_thread() { std::thread(double_free).join(); }
void thrown() {
  try {
    throw std::string(opaque(100), 'x');
  } catch (const std::string& text) {
    kept = strdup(text.c_str());
  }
  end_object(kept);
  end_object(opaque(const_cast<char*>(kept)));
}

struct Node {
  Node* next;
  char name[40];
};
[[gnu::noinline]] Node* make_list(int length) {
  Node* list = nullptr;
  for (int i = 0; i < length; ++i) {
    auto* node = static_cast<Node*>(malloc(sizeof(Node)));
    node->next = list;
    list = node;
  }
  return list;
}
[[gnu::noinline]] void lose_list() {
  Node* volatile list = make_list(3);
  list = nullptr;
}
// Over what is left of lost pointers on the stack.
[[gnu::noinline]] void clear_stack() {
  volatile char over[4096];
  for (std::size_t i = 0; i < sizeof over; ++i) over[i] = 0;
}
void leak() {
  lose_list();
  clear_stack();
}
Node* volatile global_list;
char* volatile interior;
void* in_thread_forever(void*) {
  char* volatile object = make_object(1234);
  static_cast<volatile char*>(object)[0] = 1;
  for (;;) pause();
}
// All of it can be reached: by a global, from inside, by a thread's own stack, by data of a thread.
thread_local char* volatile of_thread;
void no_leak() {
  global_list = make_list(100);
  interior = make_object(1000) + 500;
  of_thread = make_object(77);
  pthread_t thread;
  pthread_create(&thread, nullptr, in_thread_forever, nullptr);
  usleep(20000);
}

// Objects are made and ended while the program ends.
void busy_threads() {
  for (int i = 0; i < 4; ++i) {
    std::thread([] {
      for (;;) delete opaque(new std::string(opaque(200), 'x'));
    }).detach();
  }
  usleep(20000);
}
void first_thread_ends() {
  std::thread([] { usleep(20000); }).detach();
  pthread_exit(nullptr);
}
void in_register() {
#if defined(__x86_64__)
  register char* object asm("rbx") = make_object(48);
#else
  register char* object asm("x19") = make_object(48);
#endif
  asm volatile("" : "+r"(object));
  exit(0);
}
void in_shared_memory() {
  auto** memory = static_cast<char**>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  memory[7] = make_object(48);
}
// Ends at the next open().
void sandboxed() {
  kept = make_object(48);
  sock_filter filter[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{std::size(filter), filter};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) abort();
}

void on_fault(int) {
  constexpr char kLine[] = "the program's own handler\n";
  char used[3072];
  memset(opaque(used), 0, sizeof used);
  if (write(STDOUT_FILENO, kLine, sizeof kLine - 1) < 0) _exit(8);
  _exit(7);
}
void own_handler() {
  signal(SIGSEGV, on_fault);
  read_after_free_large();
}
// What the kernel puts on the stack, and 4 KiB, in whole pages; the handler takes 3 KiB.
char* signal_stack_end;
volatile std::size_t frame_bytes;
void measure(int) {
  frame_bytes = static_cast<std::size_t>(signal_stack_end - static_cast<char*>(__builtin_frame_address(0)));
}
void set_signal_stack(std::size_t size, int signal, void (*handler)(int)) {
  const stack_t stack{signal_stack_end - size, 0, size};
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK;
  if (sigaltstack(&stack, nullptr) != 0 || sigaction(signal, &action, nullptr) != 0) abort();
}
void small_signal_stack() {
  constexpr std::size_t kRoom = 1 << 16;
  signal_stack_end =
      static_cast<char*>(mmap(nullptr, kRoom, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) + kRoom;
  set_signal_stack(kRoom, SIGUSR1, measure);
  raise(SIGUSR1);
  const std::size_t size = (frame_bytes + 4096 + 4095) / 4096 * 4096;
  mprotect(signal_stack_end - kRoom, kRoom - size, PROT_NONE);
  set_signal_stack(size, SIGSEGV, on_fault);
  read_after_free_large();
}
void null_pointer() { sink = *opaque(static_cast<char*>(nullptr)); }
void closed_stderr() {
  close(STDERR_FILENO);
  double_free();
}
void daemonized() {
  if (daemon(0, 0) == 0) double_free();
}
void forked() {
  char* object = make_object(thirty_seven);
  end_object(object);
  if (const pid_t child = fork(); child != 0) {
    waitpid(child, nullptr, 0);
    return;
  }
  end_object(opaque(object));
}
void good() {
  std::unique_ptr<int[]> array(new int[5]);
  auto* aligned = new (std::align_val_t{64}) char[100];
  operator delete[](aligned, std::align_val_t{64});
  void* place = nullptr;
  if (posix_memalign(&place, 256, 1000) == 0) free(place);
  free(realloc(realloc(nullptr, 10), 100000));
  free(malloc(0));
  std::string text(1000, 'x');
  kept = strdup(text.c_str());
}

constexpr struct {
  const char* name;
  void (*act)();
} acts[] = {{"overflow_right", overflow_right},
            {"overflow_exact", overflow_exact},
            {"overflow_string", overflow_string},
            {"overflow_left", overflow_left},
            {"overflow_large", overflow_large},
            {"overflow_never_freed", overflow_never_freed},
            {"overflow_page", overflow_page},
            {"write_after_free", write_after_free},
            {"read_after_free_large", read_after_free_large},
            {"double_free", double_free},
            {"interior_free", interior_free},
            {"foreign_free", foreign_free},
            {"new_free", new_free},
            {"array_delete", array_delete},
            {"malloc_delete", malloc_delete},
            {"wrong_size", wrong_size},
            {"in_thread", in_thread},
            {"thrown", thrown},
            {"leak", leak},
            {"no_leak", no_leak},
            {"busy_threads", busy_threads},
            {"first_thread_ends", first_thread_ends},
            {"in_register", in_register},
            {"in_shared_memory", in_shared_memory},
            {"sandboxed", sandboxed},
            {"own_handler", own_handler},
            {"small_signal_stack", small_signal_stack},
            {"null_pointer", null_pointer},
            {"closed_stderr", closed_stderr},
            {"daemonized", daemonized},
            {"forked", forked},
            {"good", good}};

}  // namespace

int main(int count, char** arguments) {
  for (const auto& act : acts) {
    if (count > 1 && strcmp(act.name, arguments[1]) == 0) act.act();
  }
  return 0;
}
