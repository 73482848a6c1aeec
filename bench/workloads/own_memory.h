// Memory of the harness itself, from mmap: nothing but the workload's objects goes through the malloc under test.
#pragma once
#include <sys/mman.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace neap::bench {

// A fixed array of zeroed T, resident from the start so that it is part of the baseline and not of the measurement.
template <typename T>
class Table {
 public:
  explicit Table(std::size_t count) : count_(count) {
    void* const memory =
        ::mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) {
      std::perror("neap-bench: mmap");
      std::exit(1);
    }
    data_ = static_cast<T*>(memory);
  }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  ~Table() { ::munmap(data_, bytes()); }

  T& operator[](std::size_t index) { return data_[index]; }
  T* begin() { return data_; }
  T* end() { return data_ + count_; }
  std::size_t size() const { return count_; }

 private:
  std::size_t bytes() const { return count_ * sizeof(T) + (count_ == 0); }

  T* data_;
  std::size_t count_;
};

}  // namespace neap::bench
