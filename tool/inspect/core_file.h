// CoreFile: the memory of a program as a core file (of the kernel, gcore, coredumpctl dump) kept it. What the file does
// not hold, as all of a truncated one's rest, reads as absent; a page of zeros counts as absent too, for a core does
// not tell what was resident.
#pragma once
#include <string>
#include <vector>

#include "tool/inspect/address_space.h"

namespace neap {

class CoreFile : public AddressSpace {
 public:
  // Throws Failure when it is no core of a 64-bit program.
  explicit CoreFile(const std::string& path);
  CoreFile(const CoreFile&) = delete;
  CoreFile& operator=(const CoreFile&) = delete;
  ~CoreFile() override;

  std::uint64_t missing_bytes() const { return missing_; }  // that the file should hold and does not: it was cut off
  const std::string& program() const { return program_; }   // as its note names it

  bool read(std::uint64_t address, void* to, std::size_t size) override;
  void read_pages(std::uint64_t first, std::span<std::uint8_t> states) override;

 private:
  struct Segment {
    std::uint64_t start, bytes, offset;  // that the file holds
  };
  void take_segments();
  void take_notes(std::uint64_t offset, std::uint64_t size);
  void take_files(const std::vector<char>& note, std::size_t at, std::size_t end);
  bool read_file(std::uint64_t offset, void* to, std::size_t size) const;

  std::string path_, program_;
  int file_ = -1;
  std::uint64_t size_ = 0, missing_ = 0;
  std::vector<Segment> segments_;  // by address
};

}  // namespace neap
