// A random sequence of operations against a model that lives outside the heap under test: live objects never overlap,
// keep their contents, are aligned and as long as promised, and after everything is freed memory has gone home.
#include <map>
#include <memory_resource>
#include <vector>

#include "object.h"

namespace {

constexpr std::size_t model_bytes = 64 * stress::mebibyte;
constexpr int steps = 600000 / stress::slowdown;
constexpr std::size_t live_limit_bytes = 96 * stress::mebibyte;

void* own_pages() {
  void* pages = mmap(nullptr, model_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  stress::require(pages != MAP_FAILED, "mmap for the model");
  return pages;
}

class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed) { objects_.reserve(200000); }

  void step() {
    // Phases of growth and of decay, and a size mix that wanders: what fragmentation is made of.
    if (random_.one_in(20000)) growing_ = !growing_;
    if (random_.one_in(30000)) largest_log_ = 5 + static_cast<unsigned>(random_.below(14));
    const std::size_t way = random_.below(100);
    if (objects_.empty() ||
        (live_bytes_ < live_limit_bytes && objects_.size() < 150000 && way < (growing_ ? 60u : 35u))) {
      add(stress::make(random_, random_.size(random_.one_in(1000) ? 22 : largest_log_)));
    } else if (way < 90) {
      stress::Object object = take(random_.below(objects_.size()));
      stress::destroy(object);
    } else {
      stress::Object object = take(random_.below(objects_.size()));
      stress::resize(object, random_.size(random_.one_in(100) ? 21 : largest_log_) + 1);
      add(object);
    }
  }

  void free_all() {
    while (!objects_.empty()) {
      stress::Object object = take(random_.below(objects_.size()));
      stress::destroy(object);
    }
  }

  std::size_t peak_bytes() const { return peak_bytes_; }

 private:
  static std::uintptr_t address(const stress::Object& object) { return reinterpret_cast<std::uintptr_t>(object.bytes); }

  void add(const stress::Object& object) {
    // The whole usable length is the object's: neighbours in address order must keep off it.
    const std::uintptr_t begin = address(object);
    const std::uintptr_t end = begin + stress::usable_size(object.bytes);
    const auto next = ends_.lower_bound(begin);
    stress::require(next == ends_.end() || next->first >= (end == begin ? begin + 1 : end),
                    "overlap with the object behind");
    stress::require(next == ends_.begin() || std::prev(next)->second <= begin, "overlap with the object before");
    ends_.emplace(begin, end);
    objects_.push_back(object);
    live_bytes_ += object.size;
    if (live_bytes_ > peak_bytes_) peak_bytes_ = live_bytes_;
  }

  stress::Object take(std::size_t index) {
    const stress::Object object = objects_[index];
    objects_[index] = objects_.back();
    objects_.pop_back();
    stress::require(ends_.erase(address(object)) == 1, "the model lost an object");
    live_bytes_ -= object.size;
    return object;
  }

  stress::Random random_;
  std::pmr::monotonic_buffer_resource pages_{own_pages(), model_bytes, std::pmr::null_memory_resource()};
  std::pmr::unsynchronized_pool_resource pool_{&pages_};
  std::pmr::vector<stress::Object> objects_{&pages_};
  // Address of each live object -> end of its usable bytes.
  std::pmr::map<std::uintptr_t, std::uintptr_t> ends_{&pool_};
  std::size_t live_bytes_ = 0;
  std::size_t peak_bytes_ = 0;
  bool growing_ = true;
  unsigned largest_log_ = 10;
};

}  // namespace

int main() {
  const std::uint64_t seed = stress::begin();
  Model model(seed);
  const std::size_t before = stress::resident_bytes();
  for (int step = 0; step < steps; ++step) model.step();
  const std::size_t full = stress::resident_bytes();
  model.free_all();
  const std::size_t freed = stress::resident_bytes();
  stress::trim();
  const std::size_t trimmed = stress::resident_bytes();
  std::printf("resident KiB: start %zu, end of steps %zu, all freed %zu, trimmed %zu; peak of live bytes %zu\n",
              before / 1024, full / 1024, freed / 1024, trimmed / 1024, model.peak_bytes() / 1024);
  // The model's own pages (at most 150,000 map nodes and objects, some 16 MiB) stay.
  stress::require(stress::sanitized || trimmed < before + 24 * stress::mebibyte,
                  "memory stayed after everything was freed and trimmed");
}
