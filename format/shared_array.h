// SharedArray: a fixed array in shared anonymous memory, all pages present from the start.
// The replayer keeps its books in these: they never pass through the malloc under test, and the kernel does not count
// shared memory as the process's `Anonymous`, so that figure is the allocator's alone. Memory is zero at first.
// Owns its mapping; an array that could not be mapped is empty and says so by ok().
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <utility>

namespace neap::trace {

template <typename T>
class SharedArray {
 public:
  SharedArray() = default;
  SharedArray(SharedArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  SharedArray& operator=(SharedArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~SharedArray() {
    if (data_ != nullptr) munmap(data_, bytes());
  }

  // `lazy` leaves the pages to be made when first written.
  static SharedArray make(std::size_t count, bool lazy = false) {
    SharedArray array;
    if (count == 0) count = 1;
    const int flags = MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | (lazy ? 0 : MAP_POPULATE);
    void* memory = mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE, flags, -1, 0);
    if (memory == MAP_FAILED) return array;
    array.data_ = static_cast<T*>(memory);
    array.count_ = count;
    return array;
  }

  bool ok() const { return data_ != nullptr; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return count_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }

 private:
  std::size_t bytes() const { return count_ * sizeof(T); }

  T* data_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace neap::trace
