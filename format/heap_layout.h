// HeapLayout: how a reader outside the process finds libneap's objects. The library holds one such table,
// neap_telemetry leads to it, and the tool reads it from the live process: so the tool knows where each field lies in
// whatever build of the library runs there, stripped or not. Numbers of bytes unless a comment says otherwise; offsets
// are within the structure that the field's name begins with.
//
//   page_map_at -> word: address of the table of slots, null before the first chunk
//   slot        1 << slot_shift bytes of address space; its chunk, or null (a chunk covers one or more slots)
//   chunk       where its blocks begin, how many of them are usable, their descriptors, a bit for each that is used
//   block       1 << block_shift bytes, described by kind, class, bitmaps, and pages out for release
//   slab        free_bits: bit i set: object i is free
//   mixed       free_bits: granule i is free; begin_bits: it is free or begins an object
//   large       pages in use from the first block on; blocks of address space
//   class       rows: size of an object, objects in a slab
#pragma once

#include <cstddef>
#include <cstdint>

namespace neap {

inline constexpr std::uint64_t kHeapLayoutMagic = 0x314c4850414e45ull;  // "ENAPHL1" read as a little-endian word
inline constexpr std::uint32_t kHeapLayoutVersion = 1;  // changes when a reader that goes by these rules would go wrong

struct HeapLayout {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t size;       // sizeof(HeapLayout) as compiled into the library; new fields are added at the end
  const void* page_map_at;  // in the library's data
  const void* classes;      // class_count rows
  std::uint32_t slot_count, slot_shift, slot_bytes, slot_chunk;
  std::uint32_t chunk_bytes, chunk_base, chunk_blocks, chunk_used, chunk_count, chunk_committed;
  std::uint32_t block_shift, block_bytes, block_kind, block_class, block_free_bits, block_begin_bits, block_aside;
  std::uint32_t block_large_pages, block_large_blocks;
  std::uint32_t kind_slab, kind_mixed, kind_large, kind_spare;  // values of the byte block_kind
  std::uint32_t page_shift, granule_shift;
  std::uint32_t class_count, class_bytes, class_size, class_capacity;
};
static_assert(sizeof(HeapLayout) == 152);

}  // namespace neap
