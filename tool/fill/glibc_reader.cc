#include "tool/fill/glibc_reader.h"

#include <fmt/format.h>

#include "tool/fill/glibc_idle.h"
#include "tool/fill/glibc_trim.h"
#include "tool/fill/glibc_walk.h"
#include "tool/fill/layout_model.h"
#include "tool/fill/piece_builder.h"

namespace neap {
namespace {

using namespace glibc;

constexpr std::size_t most_candidates = 4096;

class Reading {
 public:
  Reading(AddressSpace& space, const GlibcHeap& heap) : space_(space), heap_(heap) {
    idle_.keys = heap.tcache_keys;
    IdleLists(space_, heap_, idle_).follow_fast_bins();
  }

  // One walk is enough, unless the walk itself has to teach how cached chunks are recognized.
  HeapFill read() {
    HeapFill fill = walk_all();
    const Idle::Votes votes = idle_.votes();
    if (votes.winner != 0 && votes.disputed) {
      idle_.key = votes.winner;
      return walk_all();
    }
    bool any = false;
    IdleLists lists(space_, heap_, idle_);
    if (votes.winner == 0)
      for (const auto& [chunk, size] : candidates_) any = lists.follow_if_cache(chunk, size) || any;
    return any ? walk_all() : std::move(fill);
  }

 private:
  HeapFill walk_all() {
    fill_ = {};
    candidates_.clear();
    patience_ = {};
    describe();
    for (const Extent& extent : heap_.extents) walk(extent);
    for (const MappedChunk& chunk : heap_.mapped) add_mapped(chunk);
    fill_.live += fill_.mapped;
    return std::move(fill_);
  }

  void describe() {
    fill_.allocator = "glibc";
    fill_.library = heap_.library;
    fill_.head_bytes = 8;  // the size; the word before it belongs to the object before
    fill_.trim.emplace();
    for (std::size_t i = 0; i < heap_.arenas.size(); ++i) {
      const Arena& arena = heap_.arenas[i];
      fill_.arenas.push_back({i == 0 ? "main" : fmt::format("worker {}", i), {}, {}, {}, arena.system, 0});
      fill_.system += arena.system;
    }
    fill_.doubt.unfound = heap_.unfound_main + heap_.unfound_mapped;
    if (heap_.unfound_main > 0)
      fill_.doubt.notes.push_back("brk was refused, and not all of what took its place was found");
    if (heap_.unfound_mapped > 0) fill_.doubt.notes.push_back("not all objects with a mapping of their own were found");
  }

  void walk(const Extent& extent) {
    PieceBuilder piece(space_, extent.start - extent.overhead, extent.end, extent.arena);
    TrimSum trim(piece, extent.arena == 0 && heap_.arenas[0].is_contiguous(), space_.page_size());
    LayoutModel model;
    piece.add_live(extent.start - extent.overhead, extent.overhead);
    ArenaFill& arena = fill_.arenas[extent.arena];
    fill_.metadata += extent.overhead;
    const OnChunk take = [&](std::uint64_t address, std::uint64_t size, Kind kind) {
      trim.add(address, size, kind);
      count(arena, address, size, kind);
      if (kind == Kind::used || kind == Kind::foreign || kind == Kind::passed_over) piece.add_live(address, size);
      if (kind == Kind::used) model.add(address, size);
    };
    const WalkResult result = Walk(space_, heap_, extent, idle_, patience_, take).run();
    trim.end();
    fill_.elsewhere += model.bytes();
    fill_.doubt.lost += result.lost;
    fill_.doubt.unread += result.unread;
    fill_.doubt.resyncs += result.resyncs;
    fill_.trim->bytes += trim.sum().bytes;
    fill_.trim->kept_tops += trim.sum().kept_tops;
    arena.resident += piece.resident();
    fill_.pieces.push_back(piece.take());
  }

  void count(ArenaFill& arena, std::uint64_t address, std::uint64_t size, Kind kind) {
    if (kind == Kind::passed_over) return;
    SizeRow& row = fill_.by_size[size_row(size)];
    if (kind == Kind::used) {
      arena.live.add(size), fill_.live.add(size), row.live.add(size);
      if (may_be_cache(size) && candidates_.size() < most_candidates) candidates_.emplace_back(address, size);
    } else if (kind == Kind::cached) {
      arena.cached.add(size), fill_.cached.add(size);
    } else if (kind == Kind::foreign) {
      fill_.foreign += size;
    } else {
      arena.free.add(size), fill_.free.add(size);
      if (kind == Kind::fast) fill_.fast.add(size);
      if (kind != Kind::top) row.free.add(size);
    }
  }

  void add_mapped(const MappedChunk& chunk) {
    PieceBuilder piece(space_, chunk.start, chunk.start + chunk.size, 0, PieceKind::mapped);
    piece.add_live(chunk.start, chunk.size);
    fill_.elsewhere += static_cast<double>(piece.resident());
    fill_.mapped.add(chunk.size);
    fill_.by_size[size_row(chunk.size)].live.add(chunk.size);
    fill_.pieces.push_back(piece.take());
  }

  AddressSpace& space_;
  const GlibcHeap& heap_;
  Idle idle_;
  Patience patience_;
  HeapFill fill_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> candidates_;  // chunks of the size of a thread's cache
};

}  // namespace

std::optional<HeapFill> read_glibc(AddressSpace& space) {
  const auto heap = find_glibc(space);
  if (!heap || (heap->extents.empty() && heap->mapped.empty())) return std::nullopt;
  return Reading(space, *heap).read();
}

}  // namespace neap
