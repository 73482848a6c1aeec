// fuzz_readers PID ROUNDS [SEED]: copies the memory of a waiting process once, then reads its heaps ROUNDS times from
// the copy with some words of it changed: as a program may hold anything, on purpose or in ruins. What has to hold: the
// readers end, read a bounded amount, stay inside the mappings, and their sums fit what they saw. Built with the
// address and undefined-behaviour sanitizers.
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "tool/fill/readers.h"
#include "tool/inspect/live_process.h"

namespace {

constexpr std::uint64_t most_mapped = std::uint64_t{4} << 30, most_copied = 256 << 20;
constexpr std::uint64_t reads_for_a_byte = 400;  // of memory, at most
constexpr std::uint64_t reads_anyway = 64 << 20;

// Memory of which only what was written is there.
class Sparse {
 public:
  explicit Sparse(std::size_t size)
      : bytes_(static_cast<char*>(
            mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
    if (bytes_ == MAP_FAILED) std::abort();
  }
  char* at(std::size_t offset) const { return bytes_ + offset; }

 private:
  char* bytes_;  // for as long as the program runs
};

// The copy: resident pages, the others read as zeros. Bounds every read itself, so that a reader that leaves the
// mappings is seen.
class CopiedSpace : public neap::AddressSpace {
 public:
  explicit CopiedSpace(neap::AddressSpace& original) {
    page_size_ = original.page_size();
    for (const neap::Mapping& mapping : original.mappings()) {
      if (mapping.shared || mapping.size() > most_mapped) continue;
      std::vector<std::uint8_t> states(mapping.size() / page_size_);
      original.read_pages(mapping.start, states);
      Sparse bytes(mapping.size());
      for (std::size_t i = 0; mapping.readable && i < states.size() && total_ < most_copied; ++i) {
        if (states[i] != neap::page_present) continue;
        original.read(mapping.start + i * page_size_, bytes.at(i * page_size_), page_size_);
        total_ += page_size_;
      }
      mappings_.push_back(mapping);
      bytes_.push_back(bytes);
      states_.push_back(std::move(states));
    }
  }
  bool read(std::uint64_t address, void* to, std::size_t size) override {
    read_ += size + 64;
    for (std::size_t done = 0; done < size;) {
      const neap::Mapping* mapping = mapping_of(address + done);
      if (mapping == nullptr) return false;
      const std::uint64_t from = address + done - mapping->start, part = std::min(size - done, mapping->size() - from);
      if (!mapping->readable) return false;
      std::memcpy(static_cast<char*>(to) + done, bytes_[index_of(*mapping)].at(from), part);
      done += part;
    }
    return true;
  }
  void read_pages(std::uint64_t first, std::span<std::uint8_t> states) override {
    read_ += states.size();
    for (std::uint8_t& state : states) {
      const neap::Mapping* mapping = mapping_of(first);
      state = neap::page_absent;
      if (mapping != nullptr) state = states_[index_of(*mapping)][(first - mapping->start) / page_size_];
      first += page_size_;
    }
  }

  std::uint64_t take_read() { return std::exchange(read_, 0); }
  std::uint64_t total() const { return total_; }
  std::uint64_t mapped() const {
    std::uint64_t bytes = 0;
    for (const neap::Mapping& mapping : mappings_) bytes += mapping.size();
    return bytes;
  }
  void set_still(bool still) { still_ = still; }
  std::vector<std::uint64_t*> words() {  // of all that a program can write
    std::vector<std::uint64_t*> found;
    for (std::size_t i = 0; i < mappings_.size(); ++i)
      for (std::size_t page = 0; is_written(mappings_[i]) && page < states_[i].size(); ++page)
        for (std::size_t at = 0; states_[i][page] == neap::page_present && at < page_size_; at += 8) {
          auto* word = reinterpret_cast<std::uint64_t*>(bytes_[i].at(page * page_size_ + at));
          if (*word != 0) found.push_back(word);
        }
    return found;
  }
  std::uint64_t any_address(std::mt19937_64& random) const {
    const neap::Mapping& mapping = mappings_[random() % mappings_.size()];
    return mapping.start + random() % mapping.size();
  }

 private:
  std::size_t index_of(const neap::Mapping& mapping) const {
    return static_cast<std::size_t>(&mapping - mappings_.data());
  }
  static bool is_written(const neap::Mapping& mapping) {
    return mapping.writable || mapping.path.find("libneap") != std::string::npos;
  }
  std::vector<Sparse> bytes_;
  std::vector<std::vector<std::uint8_t>> states_;
  std::uint64_t read_ = 0, total_ = 0;
};

std::uint64_t changed(std::uint64_t word, const CopiedSpace& space, std::mt19937_64& random) {
  switch (random() % 8) {
    case 0:
      return 0;
    case 1:
      return ~std::uint64_t{0} - random() % 64;
    case 2:
      return random();
    case 3:
      return space.any_address(random) & ~std::uint64_t{15};
    case 4:
      return space.any_address(random);
    case 5:
      return word ^ std::uint64_t{1} << random() % 64;
    case 6:
      return word + 16 * (random() % 9) - 64;
    default:
      return random() % 4096;
  }
}

[[noreturn]] void fail(const char* what, std::uint64_t seed) {
  std::fprintf(stderr, "fuzz_readers: %s (seed %llu)\n", what, static_cast<unsigned long long>(seed));
  std::exit(1);
}

void check(const std::vector<neap::HeapFill>& heaps, CopiedSpace& space, std::uint64_t seed) {
  if (space.take_read() > reads_anyway + reads_for_a_byte * space.total()) fail("read more than it should", seed);
  for (const neap::HeapFill& heap : heaps) {
    for (const neap::HeapPiece& piece : heap.pieces) {
      if (piece.arena >= heap.arenas.size()) fail("a piece of no arena", seed);
      if (space.mapping_of(piece.start) == nullptr) fail("a piece outside of all mappings", seed);
      if (piece.pages.size() * space.page_size() > space.mapped()) fail("a piece larger than all memory", seed);
    }
    const neap::FillSums sums = neap::sum_of(heap, space.page_size());
    if (sums.live_resident + sums.waste() != sums.resident) fail("pages that do not add up", seed);
  }
}

}  // namespace

int main(int count, char** values) {
  if (count < 3) return 2;
  neap::LiveProcess live(std::atoi(values[1]));
  CopiedSpace space(live);
  const std::size_t found = neap::read_heaps(space).size();
  if (found == 0) fail("no heap in the unchanged copy", 0);
  std::uint64_t seed = count > 3 ? std::strtoull(values[3], nullptr, 10) : std::random_device()();
  const std::vector<std::uint64_t*> words = space.words();
  std::uint64_t survived = 0;
  const long rounds = std::atol(values[2]);
  for (long round = 0; round < rounds; ++round, ++seed) {
    std::mt19937_64 random(seed);
    std::vector<std::pair<std::uint64_t*, std::uint64_t>> before;
    for (std::uint64_t changes = 1 + random() % 24; changes > 0; --changes) {
      std::uint64_t* word = words[random() % words.size()];
      before.emplace_back(word, *word);
      *word = changed(*word, space, random);
    }
    space.set_still(random() % 8 != 0);  // as if it ran: then heads are read again, with pauses
    space.take_read();
    const std::vector<neap::HeapFill> heaps = neap::read_heaps(space);
    check(heaps, space, seed);
    survived += heaps.size();
    for (; !before.empty(); before.pop_back()) *before.back().first = before.back().second;
  }
  std::printf("%ld rounds, %.2f heaps in each, %zu words\n", rounds,
              static_cast<double>(survived) / static_cast<double>(rounds), words.size());
}
