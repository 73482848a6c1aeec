#include "lives.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "figures.h"
#include "fire.h"
#include "player.h"

namespace torture {
namespace {

constexpr std::size_t width = 4;  // threads at a time
constexpr int stretches = 8;      // of a life, each of some hundred steps and something harder
constexpr int steps = 400;
constexpr std::size_t stack_bytes = std::size_t{256} << 10;

constinit Shelf shelf;

struct Life {
  Player player;
  std::uint64_t seed = 0;
  bool under_fire = false;
  pthread_t thread{};
  bool runs = false;
};

void play_alone(Player& player, std::uint64_t seed) {
  player.begin(seed, nullptr, stress::limited() ? Player::Refusals::are_borne : Player::Refusals::are_faults);
  player.play(steps);
  player.burst(player.random().size(12) + 1);
  player.free_all();
}

void* play_in_child(void* seed) {
  static Player another;
  play_alone(another, *static_cast<std::uint64_t*>(seed));
  return nullptr;
}

[[noreturn]] void child(Life& life, std::uint64_t seed) {
  std::optional<Fire> fire;
  if (life.under_fire) fire.emplace();
  pthread_t thread;
  std::uint64_t seed_of_another = seed + 1;
  const bool two = seed % 4 == 0 && pthread_create(&thread, nullptr, play_in_child, &seed_of_another) == 0;
  life.player.free_all();
  play_alone(life.player, seed);
  if (two) pthread_join(thread, nullptr);
  stress::trim();
  _exit(0);
}

void fork_and_wait(Life& life) {
  const std::uint64_t seed = life.player.random().next();
  const pid_t process = fork();
  if (process == 0) child(life, seed);
  if (process < 0 && stress::limited()) return;
  int status = 0;
  stress::require(process > 0 && waitpid(process, &status, 0) == process, "fork and wait");
  stress::require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child died");
}

void something_harder(Life& life) {
  Player& player = life.player;
  switch (player.random().below(8)) {
    case 0:
      return player.grow_by_turns(std::size_t{1} << (8 + player.random().below(14)));
    case 1:
      return player.come_again(player.random().size(22) + 1, 4);
    case 2:
      return player.burst(32000 + player.random().below(3000));  // at the border of small and large
    case 3:
      return stress::trim();
    case 4:
      return fork_and_wait(life);
    default:
      return player.burst(player.random().size(13) + 1);
  }
}

void* live(void* argument) {
  Life& life = *static_cast<Life*>(argument);
  std::optional<Fire> fire;
  if (life.under_fire) fire.emplace();
  life.player.begin(life.seed, &shelf, stress::limited() ? Player::Refusals::are_borne : Player::Refusals::are_faults);
  for (int i = 0; i < stretches; ++i) {
    life.player.play(steps);
    something_harder(life);
  }
  return nullptr;
}

void begin(Life& life) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  life.runs = pthread_create(&life.thread, &attributes, live, &life) == 0;
  stress::require(life.runs || stress::limited(), "a thread was refused");
  pthread_attr_destroy(&attributes);
}

void end(Life& life) {
  if (life.runs) pthread_join(life.thread, nullptr);
  life.runs = false;
}

}  // namespace

void run_lives(std::uint64_t seed, unsigned lives, bool under_fire) {
  static std::array<Life, width> all;
  if (under_fire) Fire::kindle();
  for (unsigned i = 0; i < lives; ++i) {
    Life& life = all[i % width];
    end(life);
    life.seed = seed + i * 0x9e3779b97f4a7c15;
    life.under_fire = under_fire;
    begin(life);
  }
  for (Life& life : all) end(life);
  for (Life& life : all) life.player.free_all();
  shelf.free_all();
  if (under_fire) std::printf("%llu signals\n", static_cast<unsigned long long>(Fire::signals()));
}

}  // namespace torture
