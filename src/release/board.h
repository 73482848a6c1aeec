// Board: the heap's figures, in memory that others may read at any time (neap_telemetry), from this process or from
// outside. Each figure is stored atomically by itself; together they are of one moment only when the heap is quiet.
#pragma once

#include <cstdint>

#include "bins/small_objects.h"
#include "neap/neap.h"
#include "pages/page_heap.h"

namespace neap {

class Board {
 public:
  constexpr Board(neap_telemetry& figures, const PageHeap& pages, const SmallObjects& small)
      : figures_(figures), pages_(pages), small_(small) {}

  // Brings all figures up to date, except the number of threads.
  void publish();
  // Brings those up to date that a large object changes.
  void publish_pages();
  void set_threads(std::uint32_t threads);

  // Whether somebody has asked, by the board, that free pages go back. True once for each time that it was asked.
  bool was_asked_to_trim();

 private:
  neap_telemetry& figures_;
  const PageHeap& pages_;
  const SmallObjects& small_;
};

}  // namespace neap
