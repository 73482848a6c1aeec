// Hardened: malloc and free of a process whose options ask for it (NEAP_OPTIONS=hardened:1, or one of its switches).
// docs/security.md has what each part finds and costs. The life of a small object:
//
//   allocate_small     a free slot of a slab, at random; it has to be all zeros still; then its canary is set
//   free_small
//     begin_waiting    the object is marked as waiting: of two threads that free it, one is told so
//     Canaries::read   nothing was written behind it
//     look_beside      its neighbours are as the heap left them
//     wipe             the whole slot is cleared
//     wait             it goes into the quarantine
//   let_go, leave      the quarantine is full: some objects, chosen at random, leave; each has to be all zeros still,
//                      and goes back to its slab
//
// A check that fails ends the program with a line that names the object (found.h). As the mark comes first, one thread
// alone looks at an object, clears it and puts it into the quarantine.
//
// A process that is not hardened never comes here. Constant-initialised; nothing runs before open().
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

  // Prepares what the heap's options ask for. Called before the heap's first object; false when memory is out.
  bool open();

  // `align` is a power of two. Null when memory is out.
  void* allocate(std::size_t size, std::size_t align, bool zero);
  // These end the program, naming `function`, where no object begins at `pointer`, or where memory beside it was
  // changed.
  void free(void* pointer, const char* function);
  void* reallocate(void* pointer, std::size_t size, const char* function);
  bool is_empty_object(const void* pointer) const { return empty_.holds(pointer); }
  // The size that was asked for: not a byte more is the program's.
  std::size_t usable_size(void* pointer, const char* function);

  // Looks at every object in the heap as free would; at large objects only while no other thread may end them.
  void check(const char* function);

  // Called before malloc says that memory is out. True when anything waited.
  bool empty_quarantine(const char* function);

  // Around fork: called before the heap's own locks are taken, and after they were given back.
  void before_fork();
  void after_fork_in_parent();
  void reset_locks();

 private:
  // The slot of a small object: where it lies, and in which slab.
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
  // The first of `rest` was written to. `given` objects, of `bytes` bytes, have left before it and are not counted yet.
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
