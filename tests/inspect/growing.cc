// growing KIND RATE: a program that works a little, a hundred times a second, and whose memory grows by RATE bytes a
// second until its stdin ends, in one of several ways. Leaks: `requests`, `sessions`. Fragmentation, with live memory
// that stays the same: `sizes`, `scattered`, `workers`. Neither: `steady`. Prints a line when it has warmed up.
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int tick_ms = 10;

void* filled(std::size_t size) { return std::memset(std::malloc(size), 1, size); }

// What a server does all day: buffers of a request, all given back.
void serve(std::mt19937& random) {
  void* buffers[40];
  for (void*& buffer : buffers) buffer = filled(20 + random() % 4000);
  for (void* buffer : buffers) std::free(buffer);
}

class Growing {
 public:
  virtual ~Growing() = default;
  virtual void grow(std::size_t bytes) = 0;  // by so many since the last time
};

class Steady : public Growing {
 public:
  void grow(std::size_t) override { serve(random_); }

 protected:
  std::mt19937 random_{1};
};

// Each request leaves something on a list that nobody reads.
class Requests : public Steady {
 public:
  void grow(std::size_t bytes) override {
    serve(random_);
    for (due_ += bytes; due_ >= node; due_ -= node) {
      void* const fresh = filled(node - 8);
      std::memcpy(fresh, &list_, sizeof list_);
      list_ = fresh;
    }
  }

 private:
  static constexpr std::size_t node = 64;
  void* list_ = nullptr;
  std::size_t due_ = 0;
};

// A table of sessions, of which some are never closed.
class Sessions : public Steady {
 public:
  void grow(std::size_t bytes) override {
    for (int i = 0; i < 20; ++i) {
      table_.emplace(next_, std::string(100, 's'));
      if (next_ >= 2000) table_.erase(next_ - 2000);
      ++next_;
    }
    for (due_ += bytes; due_ >= entry; due_ -= entry) table_.emplace(--forgotten_, std::string(100, 'f'));
  }

 private:
  static constexpr std::size_t entry = 200;
  std::map<int, std::string> table_;
  int next_ = 0, forgotten_ = 0;
  std::size_t due_ = 0;
};

// Objects at random places are replaced by fewer that are a little larger: the holes serve nobody.
class Sizes : public Growing {
 public:
  Sizes() {
    for (std::size_t i = 0; i < count; ++i) objects_.push_back({filled(first_size), first_size});
  }
  ~Sizes() override {
    for (const Object& object : objects_) std::free(object.address);
  }
  void grow(std::size_t bytes) override {
    for (due_ += bytes; due_ >= 2 * first_size && !objects_.empty();) {
      std::size_t freed = 0;
      while (freed < 20 * first_size && !objects_.empty()) {
        std::swap(objects_[random_() % objects_.size()], objects_.back());
        freed += objects_.back().size;
        std::free(objects_.back().address);
        objects_.pop_back();
      }
      due_ -= std::min(due_, freed);
      for (; freed >= larger; freed -= larger) replaced_.push_back(filled(larger));
      spare_ += freed;
      for (; spare_ >= larger; spare_ -= larger) replaced_.push_back(filled(larger));
    }
  }

 private:
  static constexpr std::size_t count = 400'000, first_size = 100, larger = 1000;
  struct Object {
    void* address;
    std::size_t size;
  };
  std::mt19937 random_{1};
  std::vector<Object> objects_;
  std::vector<void*> replaced_;
  std::size_t due_ = 0, spare_ = 0;
};

// Every second of objects that lie side by side goes, and one buffer comes that is as large as all of them.
class Scattered : public Growing {
 public:
  Scattered() {
    for (std::size_t i = 0; i < count; ++i) objects_.push_back(filled(size));
  }
  void grow(std::size_t bytes) override {
    due_ += bytes;
    const std::size_t goes = due_ / (size + 8);
    if (goes < 50 || next_ + 2 * goes >= objects_.size()) return;
    due_ = 0;
    for (std::size_t i = 0; i < goes; ++i, next_ += 2) std::free(objects_[next_]);
    buffers_.push_back(filled(goes * (size + 8) - 8));
  }

 private:
  static constexpr std::size_t count = 600'000, size = 72;
  std::vector<void*> objects_, buffers_;
  std::size_t due_ = 0, next_ = 0;
};

// The same in threads, each with an arena of its own.
class Workers : public Growing {
 public:
  Workers() {
    for (Worker& worker : workers_) worker.thread = std::thread([this, &worker] { work(worker); });
    while (ready_ < std::size(workers_)) std::this_thread::sleep_for(std::chrono::milliseconds(tick_ms));
  }
  ~Workers() override {
    over_ = true;
    for (Worker& worker : workers_) worker.thread.join();
  }
  void grow(std::size_t bytes) override {
    for (Worker& worker : workers_) worker.due += bytes / std::size(workers_);
  }

 private:
  struct Worker {
    std::thread thread;
    std::atomic<std::size_t> due{0};
  };
  void work(Worker& worker) {
    Sizes heap;
    for (++ready_; !over_;) {
      heap.grow(worker.due.exchange(0));
      std::this_thread::sleep_for(std::chrono::milliseconds(tick_ms));
    }
  }
  Worker workers_[3];
  std::atomic<std::size_t> ready_{0};
  std::atomic<bool> over_{false};
};

Growing* made(const std::string& kind) {
  if (kind == "steady") return new Steady;
  if (kind == "requests") return new Requests;
  if (kind == "sessions") return new Sessions;
  if (kind == "sizes") return new Sizes;
  if (kind == "scattered") return new Scattered;
  if (kind == "workers") return new Workers;
  return nullptr;
}

}  // namespace

int main(int count, char** values) {
  Growing* const program = count == 3 ? made(values[1]) : nullptr;
  if (program == nullptr) return 2;
  const auto rate = std::strtoull(values[2], nullptr, 10);
  for (int i = 0; i < 200; ++i) program->grow(0);  // what it needs to begin with
  if (::write(STDOUT_FILENO, "\n", 1) != 1) return 1;
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t grown = 0;
  for (pollfd input{STDIN_FILENO, POLLIN, 0}; ::poll(&input, 1, tick_ms) == 0;) {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    const auto due = static_cast<std::uint64_t>(elapsed.count() * static_cast<double>(rate));
    program->grow(due - grown);
    grown = due;
  }
  delete program;
  return 0;
}
