#include "tool/inspect/core_file.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/procfs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "tool/model/failure.h"

namespace neap {
namespace {

constexpr std::uint64_t most_note_bytes = 64 << 20;
constexpr std::size_t most_segments = 1 << 20;

template <class T>
bool take(const std::vector<char>& bytes, std::size_t at, T& value) {
  if (at > bytes.size() || sizeof value > bytes.size() - at) return false;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return true;
}

std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

}  // namespace

CoreFile::CoreFile(const std::string& path) : path_(path) {
  page_size_ = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) throw UsageFailure(fmt::format("cannot read core file '{}': {}", path, std::strerror(errno)));
  struct stat status {};
  ::fstat(file_, &status);
  size_ = static_cast<std::uint64_t>(status.st_size);
  try {
    take_segments();
  } catch (...) {
    ::close(file_);
    throw;
  }
}

CoreFile::~CoreFile() { ::close(file_); }

void CoreFile::take_segments() {
  Elf64_Ehdr head{};
  const bool is_core = read_file(0, &head, sizeof head) && std::memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 &&
                       head.e_ident[EI_CLASS] == ELFCLASS64 && head.e_type == ET_CORE;
  if (!is_core)
    throw UsageFailure(
        fmt::format("'{}' is not a core file of a 64-bit program (a compressed one has to be "
                    "unpacked first: coredumpctl dump, zstd -d)",
                    path_));
  std::size_t count = head.e_phnum;
  if (Elf64_Shdr first{}; count == PN_XNUM && read_file(head.e_shoff, &first, sizeof first)) count = first.sh_info;
  std::vector<Elf64_Phdr> notes;
  for (std::size_t i = 0; i < std::min(count, most_segments); ++i) {
    Elf64_Phdr segment{};
    if (!read_file(head.e_phoff + i * sizeof segment, &segment, sizeof segment)) break;
    if (segment.p_type == PT_NOTE) notes.push_back(segment);
    if (segment.p_type != PT_LOAD || segment.p_memsz == 0 || segment.p_vaddr + segment.p_memsz < segment.p_vaddr)
      continue;
    const std::uint64_t kept =
        std::min({segment.p_filesz, segment.p_memsz, size_ > segment.p_offset ? size_ - segment.p_offset : 0});
    missing_ += std::min(segment.p_filesz, segment.p_memsz) - kept;
    segments_.push_back({segment.p_vaddr, kept, segment.p_offset});
    Mapping mapping;
    mapping.start = segment.p_vaddr;
    mapping.end = segment.p_vaddr + segment.p_memsz;
    mapping.readable = (segment.p_flags & PF_R) != 0;
    mapping.writable = (segment.p_flags & PF_W) != 0;
    mapping.executable = (segment.p_flags & PF_X) != 0;
    mappings_.push_back(std::move(mapping));
  }
  std::sort(mappings_.begin(), mappings_.end(), [](auto& a, auto& b) { return a.start < b.start; });
  std::sort(segments_.begin(), segments_.end(), [](auto& a, auto& b) { return a.start < b.start; });
  for (const Elf64_Phdr& note : notes) take_notes(note.p_offset, note.p_filesz);
}

void CoreFile::take_notes(std::uint64_t offset, std::uint64_t size) {
  std::vector<char> bytes(std::min({size, most_note_bytes, size_ > offset ? size_ - offset : 0}));
  if (!read_file(offset, bytes.data(), bytes.size())) return;
  Elf64_Nhdr note{};
  for (std::size_t at = 0; take(bytes, at, note);) {
    const std::size_t body = at + sizeof note + padded(note.n_namesz), end = body + note.n_descsz;
    if (end > bytes.size()) return;
    if (prpsinfo_t info{}; note.n_type == NT_PRPSINFO && take(bytes, body, info))
      program_ = std::string(info.pr_fname, ::strnlen(info.pr_fname, sizeof info.pr_fname));
    if (note.n_type == NT_FILE) take_files(bytes, body, end);
    at = padded(end);
  }
}

// Count and page size, {start, end, offset} of each, then their names.
void CoreFile::take_files(const std::vector<char>& note, std::size_t at, std::size_t end) {
  std::uint64_t count = 0;
  if (!take(note, at, count) || count > (end - at) / 24) return;
  std::size_t name = at + 16 + count * 24;
  for (std::uint64_t i = 0; i < count && name < end; ++i) {
    std::uint64_t start = 0;
    take(note, at + 16 + i * 24, start);
    const std::size_t length = ::strnlen(note.data() + name, end - name);
    const auto found = std::find_if(mappings_.begin(), mappings_.end(), [&](auto& m) { return m.start == start; });
    if (found != mappings_.end()) found->path.assign(note.data() + name, length);
    name += length + 1;
  }
}

bool CoreFile::read_file(std::uint64_t offset, void* to, std::size_t size) const {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(file_, static_cast<char*>(to) + done, size - done, static_cast<off_t>(offset + done));
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

bool CoreFile::read(std::uint64_t address, void* to, std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    const std::uint64_t at = address + done;
    const Mapping* mapping = mapping_of(at);
    if (mapping == nullptr) return false;
    const Segment& segment = segments_[static_cast<std::size_t>(mapping - mappings_.data())];
    const std::uint64_t inside = at - segment.start;
    const bool held = inside < segment.bytes;
    const std::uint64_t until = held ? segment.bytes - inside : mapping->end - at;
    const std::size_t part = std::min<std::uint64_t>(size - done, until);
    char* const here = static_cast<char*>(to) + done;
    if (!held)
      std::memset(here, 0, part);
    else if (!read_file(segment.offset + inside, here, part))
      return false;
    done += part;
  }
  return true;
}

void CoreFile::read_pages(std::uint64_t first, std::span<std::uint8_t> states) {
  std::vector<char> page(page_size_);
  for (std::uint8_t& state : states) {
    const bool zeros = !read(first, page.data(), page.size()) ||
                       std::all_of(page.begin(), page.end(), [](char byte) { return byte == 0; });
    state = zeros ? page_absent : page_present;
    first += page_size_;
  }
}

}  // namespace neap
