// What a dynamic language's runtime asks of malloc: cells and short strings that mostly die young and in the order of a
// stack, strings joined from others, lists and tables that grow, and some objects that stay.
#include <algorithm>

#include "hand.h"
#include "random.h"
#include "team.h"
#include "workloads.h"

namespace neap::bench {
namespace {

constexpr std::size_t kept = 30'000;  // variables that outlive their frame
constexpr std::size_t lists = 200;    // growing arrays of words
constexpr std::size_t frame = 24;     // temporaries of one function call
constexpr double frames_total = 700e3;
constexpr std::size_t longest_list = 64 * 1024;

class Interpreter {
 public:
  static constexpr std::size_t variables = kept + lists;

  Interpreter(Hand hand, Random random, Object* own) : hand_(hand), random_(random), kept_(own), lists_(own + kept) {}
  ~Interpreter() {
    for (std::size_t i = 0; i < variables; ++i) hand_.drop(kept_[i]);
  }

  void call() {
    std::size_t count = random_.between(4, frame);
    for (std::size_t i = 0; i < count; ++i) temporaries_[i] = value();
    join(temporaries_[0], temporaries_[count / 2]);
    if (random_.one_in(4)) keep(temporaries_[--count]);
    if (random_.one_in(3)) append(lists_[random_.below(lists)]);
    while (count > 0) hand_.drop(temporaries_[--count]);
  }

 private:
  Object value() {
    if (random_.one_in(3)) return hand_.take(32 + random_.log_between(1, 127));  // a string: header and text
    static constexpr std::size_t cells[] = {24, 24, 32, 32, 48, 56, 64, 104};
    return hand_.take(cells[random_.below(std::size(cells))]);
  }
  void join(Object& left, Object& right) {
    Object joined = hand_.take(left.size + right.size);
    std::memcpy(joined.data, left.data, std::min<std::size_t>(left.size, 16));
    hand_.drop(left);
    left = joined;
  }
  void keep(Object& object) {
    Object& place = kept_[random_.below(kept)];
    hand_.drop(place);
    place = object;
  }
  void append(Object& list) {
    const std::size_t size = std::max<std::size_t>(list.size + list.size / 8 + 48, 64) & ~std::size_t{15};
    if (size > longest_list)
      hand_.drop(list);
    else
      hand_.resize(list, size);
  }

  Hand hand_;
  Random random_;
  Object* kept_;
  Object* lists_;
  Object temporaries_[frame + 1] = {};
};

}  // namespace

void interpreter(Job& job) {
  Table<Object> variables(Interpreter::variables * job.threads);
  begin(job);
  run_team(job.threads, [&](unsigned number) {
    Object* const own = variables.begin() + Interpreter::variables * number;
    Interpreter language(Hand(job.sheet, number), Random(job.seed + number), own);
    const std::size_t calls = job.share(frames_total);
    for (std::size_t i = 0; i < calls; ++i) language.call();
  });
}

}  // namespace neap::bench
