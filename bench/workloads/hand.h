// Hand: how one thread of a workload takes, writes and drops objects; the sheet hears of every byte. Belongs to one
// thread; an object may be dropped by another hand than the one that took it.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "sheet.h"

namespace neap::bench {

struct Object {
  char* data;
  std::size_t size;
};

[[noreturn]] inline void out_of_memory(std::size_t size) {
  std::fprintf(stderr, "neap-bench: the allocator refused %zu bytes\n", size);
  std::exit(1);
}

// Writes to every page of an object, and to its last byte: as much is then resident as in a program that fills it.
inline void write_pages(char* data, std::size_t size) {
  for (std::size_t at = 0; at < size; at += 4096) data[at] = 1;
  if (size > 0) data[size - 1] = 1;
}

class Hand {
 public:
  Hand(Sheet& sheet, unsigned number) : live_(sheet.lines[number % Sheet::line_count].live_bytes) {}

  Object take(std::size_t size) {
    char* const data = static_cast<char*>(std::malloc(size));
    if (data == nullptr) out_of_memory(size);
    write_pages(data, size);
    tell(static_cast<std::int64_t>(size));
    return {data, size};
  }

  void drop(Object& object) {
    if (object.data == nullptr) return;
    std::free(object.data);
    tell(-static_cast<std::int64_t>(object.size));
    object = {nullptr, 0};
  }

  void resize(Object& object, std::size_t size) {
    char* const data = static_cast<char*>(std::realloc(object.data, size));
    if (data == nullptr) out_of_memory(size);
    if (size > object.size) write_pages(data + object.size, size - object.size);
    tell(static_cast<std::int64_t>(size) - static_cast<std::int64_t>(object.size));
    object = {data, size};
  }

  // Tells the sheet of a change in live bytes. For loops that count these bytes themselves.
  void tell(std::int64_t bytes) {
    live_.store(live_.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
  }

 private:
  std::atomic<std::int64_t>& live_;
};

}  // namespace neap::bench
