#include "tool/verdict/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tool/render/quantity.h"

namespace neap {
namespace {

// Every allocator holds free memory below a quarter of its heap, and below 8 MiB nobody asks.
constexpr double much = 0.25;
constexpr std::uint64_t little = 8 << 20;
// What libneap takes, of the requested bytes: the least over the traces of ten programs, and the mean over them.
constexpr double least_overhead = 1.07, usual_overhead = 1.15;
constexpr std::uint64_t large = 128 << 10;
constexpr std::uint64_t neap_itself = 3 << 19;  // its code and its tables in a small program, at most
constexpr double model_overhead = 1.04;         // metadata and caches
constexpr double saving_worth_words = 0.05;

std::string show(std::uint64_t bytes) { return show_bytes({bytes}); }
int percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<int>(std::lround(100.0 * static_cast<double>(part) / static_cast<double>(whole)));
}

Finding find(const Look& look) {
  if (look.heaps.empty()) return Finding::unknown;
  const std::uint64_t heap = look.live() + look.waste(), waste = look.waste();
  if (waste >= little && static_cast<double>(waste) >= much * static_cast<double>(heap)) return Finding::fragmentation;
  if (look.part(PartKind::others) > heap) return Finding::elsewhere;
  return Finding::healthy;
}

// "14 worker arenas, 92% free" where they hold most of it.
std::string by_workers(const HeapFill& heap) {
  std::uint64_t resident = 0, live = 0, count = 0;
  for (std::size_t i = 1; i < heap.arenas.size(); ++i) {
    if (heap.arenas[i].resident == 0) continue;
    ++count;
    resident += heap.arenas[i].resident;
    live += std::min(heap.arenas[i].resident, heap.arenas[i].live.bytes);
  }
  if (count == 0 || resident < heap.arenas[0].resident) return {};
  return fmt::format("{} worker arena{} hold{} {}, {}% of it free", count, count == 1 ? "" : "s", count == 1 ? "s" : "",
                     show(resident), percent(resident - live, resident));
}

std::string where(const HeapFill& heap, const FillSums& sums) {
  if (std::string workers = by_workers(heap); !workers.empty()) return workers;
  return fmt::format("{} in whole pages, {} on pages less than a quarter live", show(sums.empty), show(sums.sparse));
}

std::uint64_t resident_of_mapped(const HeapFill& heap, std::uint64_t page_size) {
  std::uint64_t bytes = 0;
  for (const HeapPiece& piece : heap.pieces)
    for (const PageFill& page : piece.pages)
      bytes += piece.kind == PieceKind::mapped && page.state == page_present ? page_size : 0;
  return bytes;
}

// What the live objects need where they are placed anew. Of large ones only what is surely touched counts, that is in
// mappings of their own: elsewhere they lie in memory that others touched before (compressors hardly use theirs).
std::uint64_t placed_anew(const HeapFill& heap, const FillSums& sums, std::uint64_t page_size, double overhead) {
  Amount small;
  for (std::size_t i = 0; i <= size_row(large); ++i) small += heap.by_size[i].live;
  const std::uint64_t requested = small.bytes - std::min(small.bytes, small.count * heap.head_bytes);
  return static_cast<std::uint64_t>(static_cast<double>(std::min(requested, sums.live_resident)) * overhead) +
         resident_of_mapped(heap, page_size);
}

std::optional<Forecast> forecast(const Look& look) {
  std::uint64_t heap_now = 0, heap_least = 0, heap_most = 0;
  double model = 0;
  for (std::size_t i = 0; i < look.heaps.size(); ++i) {
    const HeapFill& heap = look.heaps[i];
    const std::uint64_t now = look.sums[i].resident, trim = heap.trim ? std::min(heap.trim->bytes, now) : 0;
    if (heap.allocator == "libneap" && now >= little / 8) return std::nullopt;  // nothing to foretell
    const auto anew = [&](double overhead) { return placed_anew(heap, look.sums[i], look.page_size, overhead); };
    heap_now += now;
    model += heap.elsewhere * model_overhead;
    heap_most += std::max(now - trim, anew(usual_overhead));
    heap_least += std::min(anew(least_overhead), now - trim);
  }
  if (look.heaps.empty() || heap_now > look.resident) return std::nullopt;
  const std::uint64_t rest = look.resident - heap_now;
  const auto between = std::clamp(static_cast<std::uint64_t>(model), heap_least, heap_most);
  return Forecast{rest + heap_least, rest + heap_most + neap_itself, rest + between};
}

void say_heap(const Look& look, Verdict& verdict) {
  const HeapFill& heap = look.heaps[0];
  const FillSums& sums = look.sums[0];
  auto& say = verdict.sentences;
  say.push_back(fmt::format("Live {} of {}.", show(look.live()), show(look.resident)));
  if (verdict.finding == Finding::fragmentation) {
    say.push_back(
        fmt::format("{} is free memory that {} holds: {}.", show(look.waste()), heap.allocator, where(heap, sums)));
    say.push_back("Fragmentation, not a leak.");
    if (heap.allocator == "glibc") say.push_back(fmt::format("malloc_trim would return {}.", show(heap.trim->bytes)));
  } else if (verdict.finding == Finding::elsewhere) {
    say.push_back(fmt::format("{} is not malloc's: {}.", show(look.part(PartKind::others)),
                              look.unread.empty() ? "mappings that the program made itself" : look.unread[0].name));
  } else if (look.waste() < little) {
    say.push_back(
        fmt::format("Healthy: {} of the heap is free, too little to matter. If it grows, the program holds "
                    "more: a leak or a need (--watch 60s tells).",
                    show(look.waste())));
  } else {
    say.push_back(
        fmt::format("{}% of the heap is live: healthy. If it grows, the program holds more: a leak or a need "
                    "(--watch 60s tells).",
                    percent(look.live(), look.live() + look.waste())));
  }
}

}  // namespace

const char* name_of(Finding finding) {
  switch (finding) {
    case Finding::healthy:
      return "healthy";
    case Finding::fragmentation:
      return "fragmentation";
    case Finding::elsewhere:
      return "not malloc's";
    case Finding::unknown:
      break;
  }
  return "unknown";
}

Verdict judge(const Look& look) {
  Verdict verdict;
  verdict.finding = find(look);
  if (look.heaps.empty()) {
    verdict.sentences.push_back(fmt::format("No heap that neap can read: {} of {} is anonymous memory{}.",
                                            show(look.part(PartKind::others)), show(look.resident),
                                            look.unread.empty() ? "" : " of " + look.unread[0].name));
    if (!look.unread.empty() && !look.unread[0].ask.empty())
      verdict.sentences.push_back(fmt::format("What is live in it: {}.", look.unread[0].ask));
    return verdict;
  }
  say_heap(look, verdict);
  if (look.pid != 0) verdict.under_neap = forecast(look);
  if (verdict.under_neap &&
      static_cast<double>(verdict.under_neap->least) < (1 - saving_worth_words) * static_cast<double>(look.resident))
    verdict.sentences.push_back(fmt::format("Under libneap the same load takes {} to {}.",
                                            show(verdict.under_neap->least), show(verdict.under_neap->most)));
  return verdict;
}

}  // namespace neap
