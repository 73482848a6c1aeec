// planted NUMBER: a program in which one function's small survivors pin pages. Program NUMBER makes its churn and its
// survivors in its own way; the culprit is always called planted_session. Prints a line when it is ready, ends with
// stdin.
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int rounds = 60'000;
constexpr int one_in = 40;  // objects that survive

std::vector<void*> churned;

[[gnu::noinline]] void churn(std::size_t size) { churned.push_back(std::memset(std::malloc(size), 1, size)); }
void free_churned() {
  for (void* object : churned) std::free(object);
  churned.clear();
}

struct Session {
  Session* next;
  char name[100];
};
Session* sessions = nullptr;
std::vector<std::unique_ptr<std::string>> strings;
std::map<int, std::array<char, 70>> tree;
std::vector<std::vector<int>> vectors;
std::vector<void*> objects;

constexpr const char* session_text =
    "a session of somebody's that is kept for as long as the program runs, with what it has to say of itself";

// How a survivor is made, as large as what is churned, by the program's number.
void by_malloc(int) {
  auto* fresh = static_cast<Session*>(std::malloc(sizeof(Session)));
  fresh->next = sessions;
  sessions = fresh;
}
void by_new(int) { sessions = new Session{sessions, {}}; }
void by_string(int i) { strings.push_back(std::make_unique<std::string>(100, static_cast<char>('a' + i % 26))); }
void by_map(int i) { tree[i] = {}; }
void by_vector(int i) { vectors.emplace_back(27, i); }
void by_calloc(int) { objects.push_back(std::calloc(4, 27)); }
void by_strdup(int) { objects.push_back(::strdup(session_text)); }
void by_realloc(int) { objects.push_back(std::realloc(std::malloc(16), 110)); }
void by_memalign(int) { objects.push_back(std::aligned_alloc(64, 128)); }
void by_larger_ones(int) { objects.push_back(std::malloc(150)); }

using Make = void (*)(int);
constexpr Make ways[] = {by_malloc, by_new,    by_string,  by_map,      by_vector,
                         by_calloc, by_strdup, by_realloc, by_memalign, by_larger_ones};

[[gnu::noinline]] void planted_session(int number, int i) {
  ways[number](i);
  asm volatile("");
}

void work(int number) {
  churned.reserve(rounds);
  objects.reserve(rounds);
  strings.reserve(rounds);
  vectors.reserve(rounds);
  for (int i = 0; i < rounds; ++i) {
    churn(110 + static_cast<std::size_t>(i % 4) * 16);
    if (i % one_in == 0) planted_session(number, i);
  }
  free_churned();
}

}  // namespace

int main(int count, char** values) {
  const int number = count > 1 ? std::atoi(values[1]) : 0;
  if (number % 3 == 2)
    std::thread(work, number).join();
  else
    work(number);
  char letter = '\n';
  if (::write(STDOUT_FILENO, &letter, 1) != 1) return 1;
  while (::read(STDIN_FILENO, &letter, 1) > 0) {
  }
  return 0;
}
