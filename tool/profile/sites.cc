#include "tool/profile/sites.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace neap {
namespace {

void add(Site& sum, const Site& part) {
  sum.live += part.live;
  sum.objects += part.objects;
  sum.pinned += part.pinned;
  sum.variance += part.variance;
  sum.made += part.made;
  sum.samples += part.samples;
}

// Pages of all heaps by address.
class Pages {
 public:
  Pages(const std::vector<HeapFill>& heaps, std::uint64_t page_size) : page_size_(page_size) {
    for (const HeapFill& heap : heaps)
      for (const HeapPiece& piece : heap.pieces)
        if (piece.kind == PieceKind::small) pieces_.push_back({piece.start, &piece, heap.head_bytes});
    std::sort(pieces_.begin(), pieces_.end(), [](auto& a, auto& b) { return a.start < b.start; });
  }

  // What the object keeps of others' memory.
  double share_of(std::uint64_t address, std::uint64_t size) const {
    const auto next = std::upper_bound(pieces_.begin(), pieces_.end(), address,
                                       [](auto at, auto& piece) { return at < piece.start; });
    if (next == pieces_.begin()) return 0;
    const Piece& piece = *std::prev(next);
    const std::uint64_t begin = address - piece.head, end = address + std::max<std::uint64_t>(1, size);
    double share = 0;
    for (std::uint64_t at = begin / page_size_ * page_size_; at < end; at += page_size_) {
      const std::size_t index = at < piece.start ? SIZE_MAX : (at - piece.start) / page_size_;
      if (index >= piece.fill->pages.size()) break;
      share += excess(piece.fill->pages[index]) / std::max<double>(1, piece.fill->pages[index].objects);
    }
    return share;
  }
  double excess() const {
    double sum = 0;
    for (const Piece& piece : pieces_)
      for (const PageFill& page : piece.fill->pages) sum += excess(page);
    return sum;
  }

 private:
  struct Piece {
    std::uint64_t start;
    const HeapPiece* fill;
    std::uint64_t head;
  };
  double excess(const PageFill& page) const {
    const bool sparse = page.state == page_present && page.live > 0 && page.live < page_size_ / sparse_below;
    return sparse ? static_cast<double>(page_size_ - page.live) : 0;
  }

  std::uint64_t page_size_;
  std::vector<Piece> pieces_;
};

}  // namespace

double Site::error() const { return std::sqrt(variance); }

Sites sites_of(const SampleTable& table, Symbols& symbols, const std::vector<HeapFill>& heaps,
               std::uint64_t page_size) {
  Sites sites;
  sites.all.resize(table.stacks.size());
  const Pages pages(heaps, page_size);
  sites.exact_pinned = pages.excess();
  for (const SampledObject& object : table.objects) {
    const double share = pages.share_of(object.address, object.size), w = object.weight;
    add(sites.all[object.stack],
        {{}, w * static_cast<double>(object.size), w, w * share, w * (w - 1) * share * share, 0, 1});
  }
  for (std::size_t i = 0; i < table.stacks.size(); ++i) {
    Site& site = sites.all[i];
    for (const std::uint64_t frame : table.stacks[i].frames) site.frames.push_back(symbols.name(frame));
    site.made = table.stacks[i].bytes;
    sites.live += site.live;
    sites.objects += site.objects;
    sites.pinned += site.pinned;
  }
  return sites;
}

std::vector<Site> by_innermost(const Sites& sites, std::size_t frames, double Site::*value) {
  std::map<std::vector<std::string>, Site> sums;
  for (const Site& site : sites.all) {
    const std::vector<std::string> key(
        site.frames.begin(), site.frames.begin() + static_cast<std::ptrdiff_t>(std::min(frames, site.frames.size())));
    Site& sum = sums[key];
    sum.frames = key;
    add(sum, site);
  }
  std::vector<Site> sorted;
  for (auto& [key, site] : sums)
    if (site.*value > 0) sorted.push_back(std::move(site));
  std::sort(sorted.begin(), sorted.end(), [value](auto& a, auto& b) { return a.*value > b.*value; });
  return sorted;
}

}  // namespace neap
