#include "workload.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "player.h"
#include "refuse.h"

namespace workload {
namespace {

using stress::Object;
using torture::Player;

constexpr int workers = 3;
constexpr int steps = 1500;

constinit torture::Shelf shelf;
std::array<Player, workers + 1> players;  // the last is the main thread

// More than there is address space for without asking for more.
void enormous_ones() {
  constexpr std::size_t size = 150 * stress::mebibyte;
  for (int i = 0; i < 2; ++i) {
    Object first{static_cast<unsigned char*>(stress::allocate(size)), 1000, 1};
    Object second{static_cast<unsigned char*>(stress::allocate_aligned(32 * stress::mebibyte, size)), 1000, 2};
    for (Object* object : {&first, &second}) {
      if (object->bytes == nullptr) continue;
      refuse::note_object(object->bytes);
      stress::write(*object, 0);
      stress::destroy(*object);
    }
  }
}

void* work(void* player) {
  static_cast<Player*>(player)->play(steps);
  static_cast<Player*>(player)->grow_by_turns(600000);
  return nullptr;
}

void fork_and_work(Player& player) {
  const pid_t process = fork();
  if (process == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    player.free_all();
    player.begin(1, nullptr, Player::Refusals::are_borne);
    player.play(500);
    _exit(0);
  }
  int status = 0;
  stress::require(process > 0 && waitpid(process, &status, 0) == process, "fork and wait");
  stress::require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child died");
}

}  // namespace

void run(std::uint64_t seed) {
  for (Player& player : players) player.begin(seed++, &shelf, Player::Refusals::are_borne);
  Player& own = players[workers];
  own.play(steps);
  own.grow_by_turns(3 * stress::mebibyte);
  std::array<pthread_t, workers> threads;
  std::array<bool, workers> running{};  // a thread may be refused, too
  for (std::size_t i = 0; i < workers; ++i) running[i] = pthread_create(&threads[i], nullptr, work, &players[i]) == 0;
  fork_and_work(own);
  own.play(steps);
  fork_and_work(own);
  for (std::size_t i = 0; i < workers; ++i) {
    if (running[i]) pthread_join(threads[i], nullptr);
  }
  own.come_again(9 * stress::mebibyte / 2, 6);
  enormous_ones();
  stress::trim();
  own.play(steps);
}

void demand_everything() {
  for (Player& player : players) {
    player.demand_all();
    for (const Object& object : player.slots()) refuse::note_object(object.bytes);
  }
  Object object = stress::make(players[0].random(), 100);
  for (std::size_t size = 200; size < 4 * stress::mebibyte; size *= 3) stress::resize(object, size);
  stress::destroy(object);
}

void free_all() {
  for (Player& player : players) player.free_all();
  shelf.free_all();
}

}  // namespace workload
