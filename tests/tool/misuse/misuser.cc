// Does one thing wrong with the heap, by name. Built as anybody builds a program: it knows nothing of who looks on.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

void on_fault(int) {
  constexpr char kLine[] = "the program's own handler\n";
  if (write(STDOUT_FILENO, kLine, sizeof kLine - 1) < 0) _exit(8);
  _exit(7);
}
void own_handler() {
  signal(SIGSEGV, on_fault);
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
            {"own_handler", own_handler},
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
