// Hardened: malloc and free of a process whose options ask for it (NEAP_OPTIONS=hardened:1, or one of its switches). An
// object is given a canary, placed at random and cleared when it ends; it waits before its memory is used again, and
// what is found to be changed ends the program. docs/security.md has what each part finds.
//
// Whoever frees an object has it marked as waiting first (slabs/waiting.h), so that one thread alone looks at it,
// clears it and puts it into the quarantine. Constant-initialised; nothing runs before open().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "hardened/canary.h"
#include "hardened/empty_objects.h"
#include "hardened/quarantine.h"
#include "hardened/secret.h"
#include "heap/heap.h"

namespace neap {

class Hardened {
 public:
  explicit constexpr Hardened(Heap& heap) : heap_(heap), canaries_(secret_), quarantine_(secret_) {}

  // As the heap's options say, before its first object. False when memory is out.
  bool open();

  // `align` is a power of two. Null when memory is out.
  void* allocate(std::size_t size, std::size_t align, bool zero);
  // These abort where no object begins at `pointer`, or what lies beside it was changed, naming `function`.
  void free(void* pointer, const char* function);
  void* reallocate(void* pointer, std::size_t size, const char* function);
  bool is_empty_object(const void* pointer) const { return empty_.holds(pointer); }
  // What was asked for: not a byte more is the program's.
  std::size_t usable_size(void* pointer, const char* function);

  // Looks at all that lies in the heap, as free does; at large objects while no other thread may end them.
  void check(const char* function);

  // Before malloc says that memory is out: true when anything waited.
  bool empty_quarantine(const char* function);

  // Before the heap's own locks are taken, and after they were given back.
  void before_fork();
  void after_fork_in_parent();
  void reset_locks();

 private:
  // A small object's place.
  struct Slot {
    Block* block;
    const ClassRow* row;
    std::uint32_t index;
    char* at;
    std::size_t size() const { return row->size; }
  };
  static Slot slot_at(Block& block, void* object);

  bool has_canaries() const { return heap_.options.canaries != 0; }
  bool clears() const { return heap_.options.zero_on_free != 0; }
  void* allocate_small(std::size_t size, std::size_t c, bool zero);
  void* allocate_large(std::size_t size, std::size_t align, bool zero);
  void* place(std::size_t size, std::size_t slot, std::size_t align, bool zero);
  void free_small(const Slot& slot, const char* function);
  void free_large(Block& first, const char* function);
  void* resize_large(Block& first, std::size_t size);
  bool resize_in_slot(const Slot& slot, std::size_t asked, std::size_t size);
  void* move(void* from, std::size_t asked, std::size_t size, const char* function);
  std::size_t size_in(const Slot& slot, const char* function) const;
  std::size_t size_of_large(Block& first, const char* function) const;
  void end_large_at(Block& first, std::size_t size);
  void look_beside(const Slot& slot, std::size_t asked, const char* function);
  bool looks_in_order(char* at, std::size_t size) const;
  bool beside_looks_in_order(const Slot& slot) const;
  bool is_in_order(const Slot& slot, std::size_t reach) const;
  int wrong_neighbour(const Slot& slot) const;
  Changed changed_in(const Slot& slot, int off) const;
  [[noreturn, gnu::cold, gnu::noinline]] void found_broken(const Slot& slot, const char* function) const;
  void check_slab(Block& block, const char* function) const;
  void wait(const Slot& slot, const char* function);
  void keep_at_most(std::uint64_t bytes, const char* function);
  bool let_go(std::uint64_t bytes, const char* function);
  void leave(const Quarantine::Leaving& leaving, std::size_t count, const char* function);
  // `given` of those before it left, with so many bytes, and are not counted yet.
  [[noreturn, gnu::cold, gnu::noinline]] void found_written_in(std::span<const Quarantine::Waiting> rest,
                                                               std::uint64_t bytes, std::uint32_t given,
                                                               const char* function);

  Heap& heap_;
  Secret secret_;
  Canaries canaries_;
  Quarantine quarantine_;
  EmptyObjects empty_;
};

}  // namespace neap
