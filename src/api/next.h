// The function that one of ours stands in front of: the next of its name in the order in which the loader looks.
#pragma once

#include <dlfcn.h>

#include <atomic>

// Absent in static programs, where nothing comes next.
extern "C" [[gnu::weak]] void* dlsym(void*, const char*) noexcept;

namespace neap {

template <class Function>
class Next {
 public:
  explicit constexpr Next(const char* name) : name_(name) {}

  // Null where there is none. (Without a lock of ours: dlsym takes the loader's, which constructors that come here
  // hold. Threads may race here: they store the same address.)
  Function get() {
    Function known = found_.load(std::memory_order_relaxed);
    return known != nullptr ? known : find();
  }

 private:
  [[gnu::noinline]] Function find() {
    if (dlsym == nullptr) return nullptr;
    const auto found = reinterpret_cast<Function>(dlsym(RTLD_NEXT, name_));
    found_.store(found, std::memory_order_relaxed);
    return found;
  }

  const char* name_;
  std::atomic<Function> found_{nullptr};
};

}  // namespace neap
