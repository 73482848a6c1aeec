// AddressSpace: the memory of a program as a reader outside sees it: its mappings, its bytes, which pages are resident.
// A live process (live_process.h), a core file (core_file.h), or a test's own. The program is not trusted: whoever
// reads words from here bounds every pointer and length it takes from them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace neap {

struct Mapping {
  std::uint64_t start = 0, end = 0, offset = 0;
  bool readable = false, writable = false, executable = false, shared = false;
  std::string path;  // "/usr/lib/...", "[heap]", "" for anonymous memory
  // What the kernel counts there, in bytes; zeros in a core.
  std::uint64_t resident = 0, proportional = 0, swapped = 0, anonymous = 0;

  std::uint64_t size() const { return end - start; }
  bool holds(std::uint64_t address) const { return address >= start && address < end; }
  bool is_file() const { return !path.empty() && path[0] == '/'; }
  bool is_anonymous() const { return path.empty() || path.starts_with("[anon:"); }
  bool is_private_data() const { return readable && writable && !shared; }
};

enum PageState : std::uint8_t { page_absent = 0, page_present = 1, page_swapped = 2 };

class AddressSpace {
 public:
  virtual ~AddressSpace() = default;

  const std::vector<Mapping>& mappings() const { return mappings_; }
  const Mapping* mapping_of(std::uint64_t address) const;
  std::uint64_t page_size() const { return page_size_; }
  // Where the data of a file ends, the zeros behind it included.
  std::uint64_t end_of_data(const Mapping& data) const;
  // Where the private memory that `address` lies in ends: mappings side by side count as one, as madvise splits them.
  // `address` itself where there is none.
  std::uint64_t end_of_memory(std::uint64_t address) const;
  // Nothing changes while one reads: a stopped process, a core.
  bool is_still() const { return still_; }

  // Pages that are not resident read as zeros; nothing is ever brought in for a reader. False where part of the range
  // is not mapped or may not be read; `to` holds nothing of use then.
  virtual bool read(std::uint64_t address, void* to, std::size_t size) = 0;
  // States of the pages from the one at `first`, a multiple of the page size, on.
  virtual void read_pages(std::uint64_t first, std::span<std::uint8_t> states) = 0;

  template <class Word>
  bool read_word(std::uint64_t address, Word& word) {
    return read(address, &word, sizeof word);
  }

 protected:
  std::vector<Mapping> mappings_;  // by address
  std::uint64_t page_size_ = 4096;
  bool still_ = true;
};

}  // namespace neap
