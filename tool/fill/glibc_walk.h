// Walk: goes through the chunks of one extent from head to head, and says what each is. The program may change them
// meanwhile. A head that makes no sense is read again. If it still makes none, the walk goes on at the next place where
// chunks agree with each other, and what it passed over is `lost`. Heads on pages that are swapped out are passed over
// too, as `unread`.
#pragma once
#include <functional>
#include <unordered_map>

#include "tool/fill/glibc_chunks.h"

namespace neap::glibc {

enum class Kind : std::uint8_t { used, free, fast, cached, top, foreign, passed_over };
// foreign: what others got from sbrk between chunks, and the fences around it.

// Chunks that are free though their heads call them used: those of fast bins and of threads' caches.
class Idle {
 public:
  std::uint64_t key = 0;                               // of cached chunks, in their second word; 0: not known yet
  std::vector<std::uint64_t> keys;                     // it is one of these, sorted
  std::unordered_map<std::uint64_t, Kind> by_address;  // of chunks that lists lead to

  Kind kind_of(std::uint64_t chunk, std::uint64_t size, std::uint64_t second_word);
  // The candidate that most chunks bore, and whether another one was seen. If so, the walk has to be repeated.
  struct Votes {
    std::uint64_t winner = 0;
    bool disputed = false;
  };
  Votes votes() const;

 private:
  std::unordered_map<std::uint64_t, std::uint64_t> votes_;
};

struct WalkResult {
  std::uint64_t lost = 0, unread = 0, resyncs = 0;
};

using OnChunk = std::function<void(std::uint64_t address, std::uint64_t size, Kind kind)>;

class Walk {
 public:
  Walk(AddressSpace& space, const GlibcHeap& heap, const Extent& extent, Idle& idle, Patience& patience,
       const OnChunk& tell);
  WalkResult run();

 private:
  enum class Step : std::uint8_t { on, done };
  Step step();
  Step at_fence();
  Step at_bad_head();
  bool read_again();
  bool is_out(std::uint64_t address);
  std::uint64_t next_resident(std::uint64_t address);
  Step go_on(std::uint64_t search_from, std::uint64_t& passed_over);
  void tell_pending(bool used);

  AddressSpace& space_;
  const std::uint64_t top_at_;  // where the arena's top is kept
  const Extent& extent_;
  Idle& idle_;
  Patience& patience_;
  const OnChunk& tell_;
  Window window_;
  Rules rules_;
  WalkResult result_;
  std::uint64_t at_;
  struct Pending {  // the chunk before `at_`, of which the next head will tell whether it is used
    std::uint64_t address = 0, size = 0, second_word = 0;
  };
  std::optional<Pending> pending_;
  int tries_ = 0;
};

}  // namespace neap::glibc
