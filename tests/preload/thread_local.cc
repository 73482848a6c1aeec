// C++ thread_local objects with destructors, the main thread's and those of threads that outlive a detached start.
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "expect.h"

namespace {

struct Diary {
  std::map<int, std::string> pages;
  ~Diary() {
    for (int day = 0; day < 50; ++day) pages[day] += std::string(200, 'z');
    pages.clear();
    std::vector<std::string> last(20, std::string(1000, 'l'));
    if (last.back()[999] != 'l') std::abort();
  }
};

thread_local Diary diary;
thread_local std::string name(100, 'n');

void keep_diary(int days) {
  for (int day = 0; day < days; ++day) diary.pages[day] = name + std::to_string(day);
}

}  // namespace

int main() {
  keep_diary(100);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::thread> writers;
    for (int i = 0; i < 4; ++i) writers.emplace_back(keep_diary, 20 * (i + 1));
    for (std::thread& writer : writers) writer.join();
  }
  EXPECT(diary.pages.size() == 100 && diary.pages[99] == std::string(100, 'n') + "99");
  return verdict();
}
